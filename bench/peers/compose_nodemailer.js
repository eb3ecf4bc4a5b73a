// Builds one message with an attachment into bytes, n= times, with nodemailer's composer.
const fs = require('fs'), path = require('path');
const MailComposer = require(path.join(process.env.HB_NODE, 'node_modules/nodemailer/dist/cjs/mail-composer/index.js'));
const args = Object.fromEntries(process.argv.slice(2).map(a => a.split(/=(.*)/s).slice(0, 2)));
const content = fs.readFileSync(args.attach);
(async () => {
  for (let i = 0; i < Number(args.n ?? 1); i++) {
    await new Promise((ok, no) => new MailComposer({
      from: 'a@example.com', to: 'b@example.com', subject: 'big', text: 'hello',
      attachments: [{ filename: 'report.bin', contentType: 'application/octet-stream', content }],
    }).compile().build((e, m) => (e ? no(e) : ok(m))));
  }
})();
