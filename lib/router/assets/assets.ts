import { createHash } from 'node:crypto';
import { Router } from 'express';
import { scriptText } from './script.js';
import { styleText } from './style.js';

/** A file that the router serves from a string. Its address changes with its text, so that it can be kept for ever. */
export class Asset {
  readonly path: string;

  constructor(
    readonly name: string,
    readonly type: string,
    readonly text: string,
  ) {
    this.path = `/${name}?v=${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
  }
}

export const style = new Asset('two-factor.css', 'css', styleText);
export const script = new Asset('two-factor.js', 'js', scriptText);

/** @param webauthn the browser's side of passkeys, where there are any */
export function assetRoutes(webauthn: Asset | undefined): Router {
  const routes = Router();
  for (const { name, type, text } of [style, script, ...(webauthn ? [webauthn] : [])]) {
    routes.get(`/${name}`, (_req, res) => {
      res.set('Cache-Control', 'public, max-age=31536000, immutable').type(type).send(text);
    });
  }
  return routes;
}
