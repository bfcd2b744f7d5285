// QR codes as SVG. The only importer of qr.
import encodeQR from 'qr';

/** Undefined where the text is too long for one. */
export function qrSvg(text: string): string | undefined {
  try {
    return encodeQR(text, 'svg', { ecc: 'low', border: 1 });
  } catch {
    return undefined;
  }
}
