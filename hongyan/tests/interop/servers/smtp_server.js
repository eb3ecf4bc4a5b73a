// Serves with smtp-server: node server.js FOLDER PORT SMTPS-PORT USER PASSWORD. Each message becomes a file under
// FOLDER/mail/new, after a line `X-Envelope:` with its envelope.
const fs = require("fs");
const path = require("path");
const { SMTPServer } = require("smtp-server");

const [folder, port, smtps, user, password] = process.argv.slice(2);
let count = 0;

const refusal = (code, text) => Object.assign(new Error(text), { responseCode: code });

const options = {
  name: "smtp-server.test",
  key: fs.readFileSync(path.join(folder, "key.pem")),
  cert: fs.readFileSync(path.join(folder, "cert.pem")),
  authMethods: ["PLAIN", "LOGIN"],
  onAuth(auth, session, done) {
    if (auth.username === user && auth.password === password) done(null, { user });
    else done(new Error("wrong user name or password"));
  },
  onRcptTo(address, session, done) {
    if (address.address.startsWith("refused@")) done(refusal(550, "5.1.1 nobody of this name"));
    else if (address.address.startsWith("later@")) done(refusal(450, "4.2.1 the mailbox rests"));
    else done();
  },
  onData(stream, session, done) {
    const pieces = [];
    stream.on("data", (piece) => pieces.push(piece));
    stream.on("end", () => {
      const { mailFrom, rcptTo } = session.envelope;
      const envelope = JSON.stringify({ from: mailFrom.address, to: rcptTo.map((r) => r.address) });
      const name = `${String(count++).padStart(6, "0")}.eml`;
      const whole = Buffer.concat([Buffer.from(`X-Envelope: ${envelope}\r\n`), ...pieces]);
      fs.writeFileSync(path.join(folder, name), whole);
      fs.renameSync(path.join(folder, name), path.join(folder, "mail/new", name));
      done();
    });
  },
};

const serve = (server, port) => {
  server.on("error", (error) => console.error(error.message)); // one connection's, never the server's end
  server.listen(Number(port), "127.0.0.1");
};
serve(new SMTPServer(options), port);
serve(new SMTPServer({ ...options, secure: true }), smtps);
