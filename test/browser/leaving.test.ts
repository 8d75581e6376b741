import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Site } from './site.js';

/** The app as an OAuth provider: where the user goes after the code redirects on to another site, behind Helmet's policy. */
describe('a path that leads on to another site', { timeout: 240_000 }, () => {
  let site: Site;
  let client: Server;
  let callback: string;
  beforeAll(async () => {
    site = await Site.open();
    client = createServer((_req, res) => {
      res.setHeader('content-type', 'text/html').end('<title>The client</title>');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => {
      client.once('listening', resolve);
    });
    callback = `http://127.0.0.1:${String((client.address() as AddressInfo).port)}/callback?code=a;b'c`;
  }, 240_000);
  afterAll(async () => {
    client.close();
    await site.close();
  });

  test.each([true, false])(
    'is followed after the code and after the step-up; JavaScript: %s',
    async (javaScriptEnabled) => {
      const person = await site.person();
      const setUp = await site.visitor();
      await setUp.logIn(person);
      const { secret } = await setUp.addTotp();
      const visitor = await site.visitor({ javaScriptEnabled });
      const { page } = visitor;
      const authorize = `/authorize?redirect_uri=${encodeURIComponent(callback)}`;
      const arrives = async (): Promise<void> => {
        await page.waitForURL((url) => url.hostname === '127.0.0.1');
        expect([await page.title(), page.url()]).toEqual(['The client', new URL(callback).href]);
      };

      await visitor.logIn(person);
      await page.goto(`/2fa?returnTo=${encodeURIComponent(authorize)}`);
      if (javaScriptEnabled) await visitor.enter(visitor.totp(secret));
      else await visitor.send(visitor.totp(secret));
      await arrives();

      await site.advance('30s');
      await page.goto(`/2fa/step-up?returnTo=${encodeURIComponent(authorize)}`);
      if (javaScriptEnabled) await visitor.enter(visitor.totp(secret));
      else await visitor.send(visitor.totp(secret));
      await arrives();
      expect(visitor.complaints).toEqual([]);
      // The page in between is none to come back to: it was the answer to a code that is spent.
      await page.goBack();
      expect(new URL(page.url()).pathname).toBe('/2fa/step-up');
    },
  );
});
