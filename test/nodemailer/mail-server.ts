import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  /** Whom the SMTP envelope names: who really gets it. */
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  /** Every header line, unfolded and decoded, with its name in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly subject: string;
  readonly text: string;
  readonly html: string | undefined;
}

/** An SMTP server on loopback that takes every message. */
export class MailServer {
  readonly received: ReceivedMail[] = [];
  /** Set to refuse messages, as a server does that has no room. */
  refusing = false;
  private readonly server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData: (stream, session, done) => {
      text(stream).then((raw) => {
        if (this.refusing) {
          done(Object.assign(new Error('The mailbox is full.'), { responseCode: 452 }));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        this.received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw,
          ...parse(raw),
        });
        done();
      }, done);
    },
  });

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  get last(): ReceivedMail {
    const mail = this.received.at(-1);
    if (!mail) throw new Error('No mail was received.');
    return mail;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}

type Headers = [name: string, value: string][];

function parse(raw: string): Pick<ReceivedMail, 'headers' | 'subject' | 'text' | 'html'> {
  const { headers, body } = split(raw);
  const boundary = /boundary="?([^";]+)/.exec(header(headers, 'content-type'))?.[1];
  const parts =
    boundary === undefined
      ? [{ headers, body }]
      : body
          .split(`--${boundary}`)
          .slice(1, -1)
          .map((part) => split(part.replace(/^\r\n/, '')));
  const find = (type: string): string | undefined => {
    const part = parts.find((candidate) => header(candidate.headers, 'content-type').startsWith(type));
    return part && decode(part.body, header(part.headers, 'content-transfer-encoding'));
  };
  return { headers, subject: header(headers, 'subject'), text: find('text/plain') ?? '', html: find('text/html') };
}

function split(message: string): { headers: Headers; body: string } {
  const end = message.indexOf('\r\n\r\n');
  const lines = message
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())];
  });
  return { headers, body: message.slice(end + 4) };
}

const header = (headers: Headers, name: string): string => headers.find(([known]) => known === name)?.[1] ?? '';

const quotedPrintable = (body: string): string =>
  Buffer.from(
    body.replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

function decode(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8').trim();
  return (encoding === 'quoted-printable' ? quotedPrintable(body.replace(/=\r\n/g, '')) : body)
    .replaceAll('\r\n', '\n')
    .trim();
}

/** RFC 2047 */
const decodeWords = (value: string): string =>
  value
    .replace(/\?= =\?/g, '?==?')
    .replace(/=\?UTF-8\?([QB])\?([^?]*)\?=/gi, (_all, kind: string, word: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString('utf8')
        : quotedPrintable(word.replaceAll('_', ' ')),
    );
