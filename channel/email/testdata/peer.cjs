// A mail server whose library and parser are not ours: it tells each mail as a line of
// JSON. Arguments: the folder with node_modules, a certificate and its key.
const [, , folder, certificate, key] = process.argv;
const fs = require("node:fs");
const load = require("node:module").createRequire(require("node:path").join(folder, "package.json"));
const { SMTPServer } = load("smtp-server");
const { simpleParser } = load("mailparser");

const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const server = new SMTPServer({
  cert: fs.readFileSync(certificate), key: fs.readFileSync(key),
  authMethods: ["PLAIN", "LOGIN"], authOptional: false,
  onAuth: ({ username, password }, session, done) =>
    username === "fhir" && password === "hunter2" ? done(null, { user: username }) : done(new Error("no")),
  onRcptTo: ({ address }, session, done) => {
    const err = new Error("no such user");
    err.responseCode = 550;
    done(address.startsWith("refuse") ? err : undefined);
  },
  onData: (stream, session, done) => {
    const envelope = session.envelope;
    simpleParser(stream).then((mail) => {
      tell({
        secure: session.secure, from: envelope.mailFrom.address, to: envelope.rcptTo.map((r) => r.address),
        subject: mail.subject, id: mail.messageId, text: mail.text, html: mail.html || "",
        attachments: mail.attachments.map((a) => ({ type: a.contentType, name: a.filename, content: a.content.toString("base64") })),
      });
      done();
    }, done);
  },
});
server.listen(0, "127.0.0.1", () => tell(server.server.address().port));
process.stdin.on("end", () => process.exit()).resume();
