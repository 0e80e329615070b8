// A company's OpenID Connect provider for the tests: oidc-provider with a few accounts, told by one JSON argument:
// {issuer, port, clients: [...], accounts: {sub: claims}, audience}. Whoever signs in types the account's name as login.
import { Provider } from "oidc-provider";

const given = JSON.parse(process.argv[2]);

const provider = new Provider(given.issuer, {
  clients: given.clients,
  claims: {
    openid: ["sub"],
    email: ["email", "email_verified"],
    profile: ["name", "groups"],
  },
  // In the ID token, as most companies' providers have it; the other client gets them from the UserInfo endpoint.
  conformIdTokenClaims: given.conform ?? false,
  findAccount: (_, sub) => given.accounts[sub] && { accountId: sub, claims: () => ({ sub, ...given.accounts[sub] }) },
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, __, oneOf) => oneOf ?? [],
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "find read_call",
        audience: given.audience,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  cookies: { keys: ["of the tests alone"] },
  // Its own would refuse addresses of this machine.
  fetch: (url, options) => {
    delete options.dispatcher;
    return fetch(url, options);
  },
});

// Everything runs over plain HTTP on this machine: what would be wrong anywhere else.
provider.listen(given.port, "127.0.0.1", () => console.log("listening"));
