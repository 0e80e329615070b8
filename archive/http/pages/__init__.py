"""The pages: HTML that works as documents, with scripts only where there is live state."""

from litestar.handlers import HTTPRouteHandler

from archive.http.pages import (
    account,
    audit,
    call,
    consent,
    elsewhere,
    entering,
    files,
    half_way,
    linked,
    listens,
    managing,
    search,
    upload,
)

routes: list[HTTPRouteHandler] = [
    search.search_page,
    call.call_page,
    call.call_state,
    call.retry_call,
    listens.listens_page,
    upload.upload_page,
    upload.upload_form,
    audit.audit_page,
    audit.call_history_page,
    managing.people_page,
    managing.system_page,
    managing.retry_failed,
    entering.sign_in_page,
    entering.sign_in_form,
    entering.sign_out,
    entering.choose_theme,
    entering.setup_page,
    entering.setup_form,
    entering.welcome_page,
    consent.consent_page,
    consent.consent_form,
    consent.end_program,
    *half_way.routes,
    *linked.routes,
    *account.routes,
    files.asset_file,
    elsewhere.nowhere,
]
