// An identity provider by `samlify`: reads a JSON of facts from its input, writes a JSON of what it says.
// {entityID, url, key, certificate} -> {metadata}; with {sp (our metadata), request, user} also -> {asked, response}.
const samlify = require("samlify");

samlify.setSchemaValidator({ validate: () => Promise.resolve("not its task here") });
const STATEMENT =
  '<saml:AuthnStatement AuthnInstant="{IssueInstant}" SessionIndex="{AssertionID}"><saml:AuthnContext>' +
  "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>" +
  "</saml:AuthnContext></saml:AuthnStatement>";
const ATTRIBUTES = ["email", "displayName", "groups"].map((name) => ({
  name,
  valueTag: name,
  nameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
  valueXsiType: "xs:string",
}));

function tags(template, { sp, idp, asked, user }) {
  const now = new Date();
  const end = new Date(now.getTime() + 300_000);
  const acs = sp.entityMeta.getAssertionConsumerService("post");
  const said = Object.fromEntries(Object.entries(user).map(([name, value]) => [`attr${name[0].toUpperCase()}${name.slice(1)}`, value]));
  const facts = {
    ID: `_${crypto.randomUUID()}`,
    AssertionID: `_${crypto.randomUUID()}`,
    Destination: acs,
    SubjectRecipient: acs,
    AssertionConsumerServiceURL: acs,
    Audience: sp.entityMeta.getEntityID(),
    EntityID: sp.entityMeta.getEntityID(),
    Issuer: idp.entityMeta.getEntityID(),
    IssueInstant: now.toISOString(),
    StatusCode: "urn:oasis:names:tc:SAML:2.0:status:Success",
    ConditionsNotBefore: now.toISOString(),
    ConditionsNotOnOrAfter: end.toISOString(),
    SubjectConfirmationDataNotOnOrAfter: end.toISOString(),
    NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    NameID: user.id,
    InResponseTo: asked,
    ...said,
  };
  return { id: facts.ID, context: samlify.SamlLib.replaceTagsByValue(template, facts) };
}

async function main() {
  const given = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  const plain = samlify.SamlLib.defaultLoginResponseTemplate;
  const idp = samlify.IdentityProvider({
    entityID: given.entityID,
    signingCert: given.certificate,
    privateKey: given.key,
    requestSignatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    nameIDFormat: ["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"],
    singleSignOnService: [{ Binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", Location: given.url }],
    loginResponseTemplate: { context: plain.context.replace("{AuthnStatement}", STATEMENT), attributes: ATTRIBUTES },
  });
  const said = { metadata: idp.getMetadata() };
  if (given.request) {
    const sp = samlify.ServiceProvider({ metadata: given.sp });
    const request = await idp.parseLoginRequest(sp, "redirect", { query: { SAMLRequest: given.request } });
    const asked = request.extract.request.id;
    const filled = (template) => tags(template, { sp, idp, asked, user: given.user });
    said.asked = asked;
    said.response = (await idp.createLoginResponse(sp, request, "post", given.user, filled)).context;
  }
  process.stdout.write(JSON.stringify(said));
}

main();
