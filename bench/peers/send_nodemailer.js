// nodemailer's pooled transport.
const fs = require('fs'), path = require('path');
const nodemailer = require(path.join(process.env.HB_NODE, 'node_modules/nodemailer'));
const args = Object.fromEntries(process.argv.slice(2).map(a => a.split(/=(.*)/s).slice(0, 2)));
const num = (k, d) => Number(args[k] ?? d);
const data = path.join(__dirname, '..', 'data');
const text = fs.readFileSync(path.join(data, 'small.txt'), 'utf8'), html = fs.readFileSync(path.join(data, 'small.html'), 'utf8');
const n = num('n', 1000), conns = num('conns', 1);
// stream=1 hands the file's path over, for it to be read while it is sent; otherwise it is held in memory.
const content = args.attach && (num('stream', 0) ? { path: args.attach } : { content: fs.readFileSync(args.attach) });

const transport = nodemailer.createTransport({
  host: '127.0.0.1', port: num('port', 2525), pool: true, maxConnections: conns, maxMessages: Infinity,
  ignoreTLS: !num('tls', 0), requireTLS: !!num('tls', 0), tls: { rejectUnauthorized: false },
  disableFileAccess: false, socketTimeout: 6e5,
});

async function one(c) {
  for (let i = c; i < n; i += conns) {
    const name = `Zoë Müller ${i}`;
    const fill = t => t.replaceAll('{i}', String(i)).replaceAll('{name}', name);
    await transport.sendMail({
      from: 'Example Shop <shop@example.com>', to: { name, address: `customer${i}@example.net` },
      subject: `Your order ${i} is on its way, Zoë`, text: fill(text), html: fill(html),
      attachments: content ? [{ filename: 'report.bin', contentType: 'application/octet-stream', ...content }] : [],
    });
  }
}
Promise.all(Array.from({ length: conns }, (_, c) => one(c))).then(() => transport.close(), e => { console.error(e); process.exit(1); });
