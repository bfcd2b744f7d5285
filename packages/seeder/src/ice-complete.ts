// Tells WebTorrent's peers at once when their ICE candidates are complete. Node's RTCPeerConnection (webrtc-polyfill 1.2.2) never fires the
// event without a candidate that ends the gathering (W3C WebRTC §4.5.2), so every offer and every answer waited for a time-out of 5 s; and when
// two peers offer to each other within these 5 s, each ends the connection that the other keeps, until the next announce two minutes later.
// The only importer of webrtc-polyfill.
import { RTCPeerConnection } from 'webrtc-polyfill';

/** Once, before the first connection is made. */
export function endGatheringAtOnce(): void {
  const { prototype } = RTCPeerConnection;
  if (Object.hasOwn(prototype, 'dispatchEvent')) return;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on the object it belongs to
  const dispatch = EventTarget.prototype.dispatchEvent;
  prototype.dispatchEvent = function (this: RTCPeerConnection, event: Event): boolean {
    const result = dispatch.call(this, event);
    if (event.type === 'icegatheringstatechange' && this.iceGatheringState === 'complete')
      this.onicecandidate?.(Object.assign(new Event('icecandidate'), { candidate: null }));
    return result;
  };
}
