import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import ts from 'typescript';
import { WebSocketServer } from 'ws';
import type { Caller } from '../../src/callers.ts';
import { ENGINES, type EngineName } from '../../src/engines.ts';
import type { UpgradeRoute } from '../../src/http-server.ts';
import { disconnectAll } from '../support/client.ts';
import { startBarePeer, startOurs, type ServerProcess } from '../support/processes.ts';
import { startService } from '../support/service.ts';
import { faults, type RunningProcess, type Subject } from './faults.ts';

const root = join(import.meta.dirname, '../../..');
const manifest = (path: string): { dependencies: Record<string, string> } =>
  JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as never;

const running: { stop(): Promise<void> }[] = [];

function owned<T extends ServerProcess>(server: T): T {
  running.push({ stop: () => server.kill() });
  return server;
}

function asProcess(server: ServerProcess): RunningProcess {
  owned(server);
  return {
    port: server.port,
    terminate: async () => {
      const startedMs = performance.now();
      server.child.kill('SIGTERM');
      const exitCode = await server.exited(9_000);
      return { exitCode, milliseconds: performance.now() - startedMs };
    },
  };
}

/** Checks libraries' declarations as well, and does not see the packages named. */
function typeFaults(without: string[]): string[] {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
  };
  const file = join(root, 'peerjs/test/importer.ts');
  const host = ts.createCompilerHost(options);
  const isHidden = (path: string): boolean => without.some((name) => path.includes(`/${name}`));
  const original = { ...host };
  const text = "import { ExpressPeerServer } from 'peer'; export const use = ExpressPeerServer;";
  host.fileExists = (path) => path === file || (!isHidden(path) && original.fileExists(path));
  host.directoryExists = (path) => !isHidden(path) && original.directoryExists!(path);
  host.readFile = (path) => (path === file ? text : original.readFile(path));
  host.getSourceFile = (path, version, ...rest) =>
    path === file ? ts.createSourceFile(path, text, version) : original.getSourceFile(path, version, ...rest);
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .filter((one) => one.file?.fileName.includes('/peer/') ?? true)
    .map((one) => ts.flattenDiagnosticMessageText(one.messageText, ' '));
}

function echoRoute(leave: (caller: Caller) => void): UpgradeRoute {
  const sockets = new WebSocketServer({ noServer: true });
  return {
    path: '/sibling',
    upgrade: (request, stream, head, caller) => {
      sockets.handleUpgrade(request as IncomingMessage, stream, head, (socket) => {
        socket.on('message', (data) => socket.send(data, { binary: false }));
        socket.on('close', () => leave(caller));
        stream.resume();
      });
      return true;
    },
    sweep: () => undefined,
    stop: () => {
      for (const socket of sockets.clients) socket.terminate();
      return Promise.resolve();
    },
  };
}

/** The service asks for no `ws` itself: it is installed by the lock file, and so is the one that the engine peer brings. */
function lockedVersion(name: string): string {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  return lock.packages[`node_modules/${name}`]!.version;
}

const ours = (engine: EngineName): Subject => ({
  start: async (env = {}) => {
    const service = await startService({ PEERJS_ENGINE: engine, ...env }, (leave) => [echoRoute(leave)]);
    running.push(service);
    return service;
  },
  startProcess: async () => asProcess(await startOurs({ PEERJS_ENGINE: engine })),
  wsRange: lockedVersion('ws'),
  typeFaults: () => typeFaults([]),
});

const bare: Subject = {
  start: async (env) => owned(await startBarePeer(env)),
  startProcess: async () => asProcess(await startBarePeer()),
  wsRange: manifest('node_modules/peer').dependencies['ws']!,
  typeFaults: () => typeFaults(['@types/cors']),
};

afterEach(async () => {
  disconnectAll();
  for (const one of running.splice(0)) await one.stop();
});

describe.each(ENGINES)('the service with the engine %s has none of the faults of peer:', (engine) => {
  it.each(faults)('%s', async (_name, holds) => {
    await holds(ours(engine));
  });
});

describe('bare peer has these faults', () => {
  it.each(faults)('not %s', async (_name, holds) => {
    const outcome = await Promise.resolve(bare)
      .then(holds)
      .then(
        () => 'it holds',
        () => 'it does not hold',
      );
    expect(outcome).toBe('it does not hold');
  });
});
