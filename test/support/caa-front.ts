// Stands before Pebble, which knows nothing of CAA records (its issue 476), and refuses orders as an authority has to (RFC 8659,
// RFC 8555 §6.7). Everything else is handed on as it came.
import { Resolver } from 'node:dns/promises';
import { createServer, request, type Server } from 'node:https';

/** As Pebble calls it. */
const NEW_ORDER = '/order-plz';
const OUR_NAME = 'pebble.test';

export interface CaaFrontOptions {
  readonly port: number;
  readonly pebblePort: number;
  readonly dnsPort: number;
  /** Of Pebble's own HTTPS (PEM). */
  readonly tls: { readonly key: Buffer; readonly cert: Buffer; readonly ca: Buffer };
}

export async function startCaaFront({ port, pebblePort, dnsPort, tls }: CaaFrontOptions): Promise<Server> {
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
  const server = createServer(tls, (question, answer) => {
    const parts: Buffer[] = [];
    question.on('data', (part: Buffer) => parts.push(part));
    question.on('end', () => {
      const body = Buffer.concat(parts);
      const names = question.url === NEW_ORDER ? orderedNames(body) : [];
      void Promise.all(names.map((name) => forbiddingRecord(resolver, name))).then((records) => {
        const forbidden = records.find((record) => record !== undefined);
        if (forbidden !== undefined) {
          answer.writeHead(403, { 'content-type': 'application/problem+json' });
          answer.end(
            JSON.stringify({
              type: 'urn:ietf:params:acme:error:caa',
              detail: `CAA record for ${forbidden} prevents issuance`,
            }),
          );
          return;
        }
        const { method, url: path, headers } = question; // its Host too: Pebble builds its URLs from it
        const onward = request(
          { host: '127.0.0.1', port: pebblePort, method, path, headers, ca: tls.ca },
          (reply) => {
            answer.writeHead(reply.statusCode!, reply.headers);
            reply.pipe(answer);
          },
        );
        onward.on('error', () => answer.destroy()).end(body);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '0.0.0.0', resolve));
  return server;
}

/** The names in a signed newOrder. */
function orderedNames(body: Buffer): string[] {
  const { payload } = JSON.parse(body.toString('utf8')) as { payload: string };
  const order = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as {
    identifiers: { value: string }[];
  };
  return order.identifiers.map(({ value }) => value);
}

/** Where the record stands that lets others issue and not us: the nearest above the name counts (RFC 8659 §3). */
async function forbiddingRecord(resolver: Resolver, name: string): Promise<string | undefined> {
  for (let at = name; at.includes('.'); at = at.slice(at.indexOf('.') + 1)) {
    const records = await resolver.resolveCaa(at).catch(() => []); // no record, or a DNS that fails Pebble just as well
    const issuers = records.flatMap(({ issue }) => (issue === undefined ? [] : [issue]));
    if (issuers.length > 0) return issuers.includes(OUR_NAME) ? undefined : at;
  }
  return undefined;
}
