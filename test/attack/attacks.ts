// Every attack, in the order of the table in docs/security.md.
import type { Attack } from './attack.ts';
import * as fragmentsAndPongs from './attacks/01a-fragments-and-pongs.ts';
import * as oneBytePieces from './attacks/01c-one-byte-pieces.ts';
import * as nearlyWholeFrames from './attacks/01d-nearly-whole-frames.ts';
import * as gunFragments from './attacks/02a-gun-fragments.ts';
import * as gunLargeSouls from './attacks/02b-gun-large-souls.ts';
import * as gunGraph from './attacks/02d-gun-graph.ts';
import * as gunManyMessages from './attacks/03-gun-many-messages-in-one-frame.ts';
import * as graffitiFanOut from './attacks/04-graffiti-fan-out.ts';
import * as pongs from './attacks/05a-pongs.ts';
import * as afterTheClose from './attacks/05c-after-the-close.ts';
import * as costlyMessages from './attacks/06-costly-messages.ts';
import * as manySwarms from './attacks/07a-many-swarms.ts';
import * as httpAnnounces from './attacks/07b-http-announces.ts';
import * as controlRequests from './attacks/08-control-requests.ts';
import * as forgedAddresses from './attacks/09-forged-addresses.ts';
import * as unsolicitedAnswers from './attacks/10-unsolicited-answers.ts';
import * as claimedPeerIds from './attacks/11-claimed-peer-ids.ts';
import * as wrongTokens from './attacks/12-wrong-tokens.ts';
import * as mintedNames from './attacks/13-minted-names.ts';
import * as halfSentRequests from './attacks/14-half-sent-requests.ts';
import * as oneNetwork from './attacks/15-addresses-of-one-network.ts';
import * as ownAddresses from './attacks/18-own-addresses.ts';
import * as forOperators from './attacks/19-what-is-for-operators.ts';
import * as smallOrderKeys from './attacks/20-small-order-keys.ts';
import * as oddWords from './attacks/21-odd-words.ts';
import * as withoutCredentials from './attacks/22-requests-without-credentials.ts';
import * as nobody from './attacks/v0-nobody.ts';
import * as connectionStorm from './attacks/v1-connection-storm.ts';
import * as deafReaders from './attacks/v2-deaf-readers.ts';
import * as pagesWithoutEnd from './attacks/v3-pages-without-end.ts';
import * as goodMessages from './attacks/v4-good-messages-too-many.ts';
import * as messagesToHonestPeers from './attacks/v5-messages-to-honest-peers.ts';
import * as turnUnfinishedMessages from './attacks/v6-turn-unfinished-messages.ts';
import * as turnData from './attacks/v7-turn-data.ts';
import * as turnEverythingHeld from './attacks/v8-turn-everything-held.ts';
import * as minting from './attacks/v9-minting.ts';
import * as bodiesWithoutEnd from './attacks/v10-bodies-without-end.ts';
import * as atTheRelaysDoor from './attacks/v11-strangers-at-the-relays-door.ts';

const files: readonly object[] = [
  fragmentsAndPongs,
  oneBytePieces,
  nearlyWholeFrames,
  gunFragments,
  gunLargeSouls,
  gunGraph,
  gunManyMessages,
  graffitiFanOut,
  pongs,
  afterTheClose,
  costlyMessages,
  manySwarms,
  httpAnnounces,
  controlRequests,
  forgedAddresses,
  unsolicitedAnswers,
  claimedPeerIds,
  wrongTokens,
  mintedNames,
  halfSentRequests,
  oneNetwork,
  ownAddresses,
  forOperators,
  smallOrderKeys,
  oddWords,
  withoutCredentials,
  nobody,
  connectionStorm,
  deafReaders,
  pagesWithoutEnd,
  goodMessages,
  messagesToHonestPeers,
  turnUnfinishedMessages,
  turnData,
  turnEverythingHeld,
  minting,
  bodiesWithoutEnd,
  atTheRelaysDoor,
];

export const attacks: readonly Attack[] = files
  .flatMap((file) => Object.values(file).filter(isAttack))
  .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));

function isAttack(exported: unknown): exported is Attack {
  return typeof exported === 'object';
}
