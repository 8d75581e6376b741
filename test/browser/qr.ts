import jsqr from 'jsqr';
import { PNG } from 'pngjs';

/** What a phone's camera reads off a picture of the screen. */
export function readQr(screenshot: Buffer): string | undefined {
  const { data, width, height } = PNG.sync.read(screenshot);
  // The module is CommonJS with a default export, which loaders hand over in two ways.
  const decode = (typeof jsqr === 'function' ? jsqr : (jsqr as { default: unknown }).default) as (
    pixels: Uint8ClampedArray,
    width: number,
    height: number,
  ) => { data: string } | null;
  return decode(new Uint8ClampedArray(data), width, height)?.data;
}
