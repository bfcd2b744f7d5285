// Records in as few frames as their number and length allow. Pure.
import { RECORDS_MAX, RELAY_FRAME_CHARS_MAX, type RelayRecord } from '@relay-swarm/protocol';

/** The receiver's limit counts bytes, and some characters of a descriptor may take more than one. */
const FRAME_CHARS_MAX = RELAY_FRAME_CHARS_MAX - 4_096;
const lengths = new WeakMap<RelayRecord, number>();

export function* intoRecordFrames(records: readonly RelayRecord[]): Generator<RelayRecord[]> {
  let frame: RelayRecord[] = [];
  let chars = 0;
  for (const record of records) {
    const more = recordChars(record);
    if (frame.length === RECORDS_MAX || (frame.length > 0 && chars + more > FRAME_CHARS_MAX)) {
      yield frame;
      frame = [];
      chars = 0;
    }
    frame.push(record);
    chars += more;
  }
  if (frame.length > 0) yield frame;
}

/** As it is written, with a comma. Records are shared and never change, so each is measured once. */
export function recordChars(record: RelayRecord): number {
  let chars = lengths.get(record);
  if (chars === undefined) lengths.set(record, (chars = JSON.stringify(record).length + 1));
  return chars;
}
