// Graffiti's settings. A message of this many info hashes just fits into a frame of 64 KiB.
import { integer } from '@relay-swarm/kit';

export const graffitiSettings = {
  graffitiAnnouncesMax: integer(
    'TRACKER_GRAFFITI_ANNOUNCES_MAX',
    { min: 1, max: 900, default: 400 },
    'Graffiti: info hashes that one connection announces',
  ),
  graffitiSubscriptionsMax: integer(
    'TRACKER_GRAFFITI_SUBSCRIPTIONS_MAX',
    { min: 1, max: 900, default: 400 },
    'Graffiti: info hashes that one connection subscribes to',
  ),
};
