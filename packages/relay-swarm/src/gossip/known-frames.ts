// Descriptors in as few frames as their number and length allow. Pure.
import { KNOWN_MAX, RELAY_FRAME_CHARS_MAX, type SignedDescriptor } from '@relay-swarm/protocol';

const FRAME_HEAD_BYTES = 100;

/** A frame longer than the receiver's limit would end the session. */
export function* intoFrames(descriptors: readonly SignedDescriptor[]): Generator<SignedDescriptor[]> {
  let frame: SignedDescriptor[] = [];
  let bytes = 0;
  for (const descriptor of descriptors) {
    const more = Buffer.byteLength(JSON.stringify(descriptor)) + 1; // a socket's limit counts bytes
    if (frame.length === KNOWN_MAX || bytes + more > RELAY_FRAME_CHARS_MAX - FRAME_HEAD_BYTES) {
      yield frame;
      frame = [];
      bytes = 0;
    }
    frame.push(descriptor);
    bytes += more;
  }
  if (frame.length > 0) yield frame;
}
