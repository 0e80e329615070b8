#!/bin/sh
# The archive's database and its two roles. `archive_owner` owns the tables and only migrates; `archive` is what the
# API and the workers are, and can do to the tables only what the migrations grant it.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
	--set owner_password="$DATABASE_OWNER_PASSWORD" --set password="$DATABASE_PASSWORD" <<'SQL'
CREATE ROLE archive_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE archive LOGIN PASSWORD :'password';
CREATE DATABASE archive OWNER archive_owner TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE archive FROM PUBLIC;
GRANT CONNECT ON DATABASE archive TO archive;
SQL
