import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import speakeasy from 'speakeasy';
import { expect } from 'vitest';
import { Browser, type Page } from './browser.js';

/** What an authenticator app shows now, or `steps` of 30 seconds later. A step is good once, so later ones are needed. */
export const totp = (secret: string, steps = 0): string =>
  speakeasy.totp({ secret, encoding: 'base32', time: Math.floor(Date.now() / 1000) + 30 * steps });

/** A code of six digits that is not right at any time near now. */
export function wrongTotp(secret: string): string {
  const near = [-2, -1, 0, 1, 2, 3].map((steps) => totp(secret, steps));
  return ['000000', '111111', '222222', '333333', '444444', '555555', '666666'].find((code) => !near.includes(code))!;
}

/** What a camera reads off a picture. */
export function scan(dataUrl: string): string {
  const { data, width, height } = PNG.sync.read(Buffer.from(dataUrl.replace('data:image/png;base64,', ''), 'base64'));
  return jsQR(new Uint8ClampedArray(data), width, height)!.data;
}

export interface Sent {
  readonly to: string;
  readonly code: string;
}

/** The messages on the outbox page, newest first. Read by a client of its own, so that others never see it. */
export async function outbox(url: string): Promise<Sent[]> {
  const { text } = await new Browser(url).open('/outbox');
  return [...text.matchAll(/<article>[\s\S]*? to <span>([^<]*)<[\s\S]*?code is (\d+)\.[\s\S]*?<\/article>/g)].map(
    ([, to = '', code = '']) => ({ to, code }),
  );
}

export async function lastCode(url: string, to: string): Promise<string> {
  const sent = (await outbox(url)).find((message) => message.to === to);
  expect(sent, `a message to ${to}`).toBeDefined();
  return sent!.code;
}

/** The manual key on the page that sets up an authenticator app. */
export const secretOn = (page: Page): string => /id="secret">([A-Z2-7 ]+)</.exec(page.text)![1]!.replaceAll(' ', '');

export const backupCodesOn = (page: Page): string[] =>
  [...page.text.matchAll(/<li><code>([0-9A-Z-]+)<\/code>/g)].map(([, code]) => code!);

/** An answer is as a README tells it: the same keys and values, save texts that it shortens by "…" and times. */
export function expectAsTold(body: unknown, told: unknown): void {
  if (typeof told === 'string' && told.includes('…'))
    expect(String(body).startsWith(told.slice(0, told.indexOf('…'))), `${String(body)} begins like ${told}`).toBe(true);
  else if (typeof told === 'number') expect(body).toEqual(expect.any(Number));
  else if (Array.isArray(told)) expect(body).toEqual(expect.arrayContaining([expect.any(String)]));
  else if (typeof told === 'object' && told !== null) {
    expect(Object.keys(body as object)).toEqual(Object.keys(told));
    for (const [key, value] of Object.entries(told)) expectAsTold((body as Record<string, unknown>)[key], value);
  } else expect(body).toEqual(told);
}
