// What may stand over the picture when there is none. Words only.
import type { PlaybackFault } from './faults.ts';

/** What a viewer may answer when he is asked whether others may see his address. */
export type Consent = 'share' | 'servers';

export type Notice =
  | { readonly kind: 'none' }
  | { readonly kind: 'waiting'; readonly text: string }
  | {
      readonly kind: 'fault';
      readonly fault: PlaybackFault;
      readonly retry: () => void;
      readonly download: string | undefined;
    }
  | {
      readonly kind: 'consent';
      readonly hasServer: boolean;
      /** False where what arrives goes on to nobody. */
      readonly passesOn: boolean;
      readonly decide: (consent: Consent, isRemembered: boolean) => void;
    };
