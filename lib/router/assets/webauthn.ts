import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { TwoFactorService } from 'passport-two-factor';
import { Asset } from './assets.js';

/**
 * `@simplewebauthn/browser` as it is built for a `<script>`, where the service has passkeys.
 * @throws TypeError where the app has not installed it
 */
export function webauthnAsset({ hasPasskeys }: TwoFactorService): Asset | undefined {
  if (!hasPasskeys) return undefined;
  try {
    const entry = createRequire(__filename).resolve('@simplewebauthn/browser');
    const bundle = join(dirname(entry), '..', 'dist/bundle/index.umd.min.js');
    return new Asset('webauthn.js', 'js', readFileSync(bundle, 'utf8'));
  } catch (cause) {
    throw new TypeError('twoFactorRouter: passkeys need "npm install @simplewebauthn/browser" for the pages', {
      cause,
    });
  }
}
