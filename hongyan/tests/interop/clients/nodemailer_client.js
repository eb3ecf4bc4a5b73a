// nodemailer: PORT SMTPS-PORT CA USER PASSWORD FROM TO TO MESSAGE.
const fs = require("fs");
const nodemailer = require("nodemailer");

const [port, smtps, ca, user, pass, from, ...rest] = process.argv.slice(2);
const raw = rest.pop();
const tls = { ca: fs.readFileSync(ca) };

async function send(options) {
  const transport = nodemailer.createTransport({ host: "localhost", port: Number(port), tls, ...options });
  const info = await transport.sendMail({ envelope: { from, to: rest }, raw });
  if (info.accepted.length !== rest.length) throw new Error(`accepted ${info.accepted}`);
  transport.close();
}

(async () => {
  await send({ ignoreTLS: true });
  await send({ requireTLS: true });
  await send({ port: Number(smtps), secure: true });
  for (const authMethod of ["PLAIN", "LOGIN", "CRAM-MD5"]) {
    await send({ requireTLS: true, authMethod, auth: { user, pass } });
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
