// An OpenID provider by npm's `oidc-provider`: node oidc.mjs <port> <redirect URL> <client secret>. It demands PKCE, names
// itself beside the code, and tells address and groups only when it is asked for them. Whoever comes is let in as they say.
import Provider from "oidc-provider";

const [port, redirectUrl, secret] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "simplane", client_secret: secret, redirect_uris: [redirectUrl] }],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  cookies: { keys: ["only for tests"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@acme.example`, email_verified: true, name: "Mia Berg", groups: ["Finance"] }),
  }),
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope("openid email profile groups");
    await grant.save();
    return grant;
  },
});
provider.listen(Number(port), "127.0.0.1");
