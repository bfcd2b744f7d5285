// One segment of a stream, loaded as a player of p2p-media-loader does.
import { join } from 'node:path';
import { root } from '../repository.ts';

/** A page's `loadWith(config, waitMs)`: tells whether the segment came from its URL or from a peer. */
export const SEGMENT_LOADER = `
    import { Core } from ${JSON.stringify(join(root, 'node_modules/p2p-media-loader-core/dist/p2p-media-loader-core.es.js'))};
    const loadWith = async (config, waitMs) => {
      // The URL is not asked before this time is over: whoever waits asks its peers.
      const core = new Core({ ...config, httpDownloadInitialTimeoutMs: waitMs });
      const source = new Promise((resolve) =>
        core.addEventListener('onSegmentLoaded', ({ downloadSource }) => resolve(downloadSource)));
      const url = location.origin + '/segment.bin';
      core.setManifestResponseUrl(location.origin + '/stream.m3u8');
      core.addStreamIfNoneExists({ runtimeId: 'main', type: 'main', index: '0' });
      core.updateStream('main', [{ runtimeId: url, externalId: 1, url, startTime: 0, endTime: 4 }]);
      core.updatePlayback(0, 1);
      await new Promise((onSuccess, onError) => core.loadSegment(url, { onSuccess, onError }));
      return source;
    };`;
