import { implement } from '@orpc/server'
import type { Workbench, WorkbenchRouter } from '../../src/main/composition/workbench.ts'
import { workbenchContract } from '../../src/shared/contracts/workbench.contract.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import { createDeferred, type Deferred } from '../../src/shared/lifecycle/signals.ts'
import type { ByteLaneEnd } from '../../src/shared/rpc/byteLane.ts'

export interface StubWorkbench extends Workbench {
  /** Resolves when the stream of statuses ended because its link did. */
  readonly streamEnded: Deferred<void>
  readonly lanes: ByteLaneEnd[]
  readonly laneMessages: (string | Uint8Array)[]
  closed(): boolean
}

/** Answers a few calls in ways that a host has to carry: a value, our error, a foreign error, a stream that breaks, a stream without end. */
export function createStubWorkbench(): StubWorkbench {
  const contract = implement(workbenchContract)
  const streamEnded = createDeferred<void>()
  const lanes: ByteLaneEnd[] = []
  const laneMessages: (string | Uint8Array)[] = []
  let closed = false
  const router = contract.router({
    system: {
      chips: contract.system.chips.handler(() => [{ name: 'hi3516ev300', loadAddress: 0x42000000 }]),
      listFolder: contract.system.listFolder.handler(() => { throw new Error('secret of the host: /etc/shadow') }),
      watchStatus: contract.system.watchStatus.handler(async function* ({ signal }) {
        try {
          yield { version: '1', host: 'web', dataFolder: '/d', journal: { ok: true, note: '', events: 0 }, tftp: { state: 'off', address: '', port: 69 }, consoles: 0, consoleBytesPerSecond: 0, bytesLost: 0, freeBytes: 1, atMs: 1 }
          await new Promise<void>((_, reject) => { signal?.addEventListener('abort', () => { reject(signal.reason as Error) }) })
        } finally {
          streamEnded.resolve()
        }
      }),
    },
    rack: {
      power: contract.rack.power.handler(() => { throw new WorkbenchError('pod/busy', 'cam-1 is in use by Restore', { context: { holder: 'Restore', seconds: 7 }, hint: 'Wait for it' }) }),
      watch: contract.rack.watch.handler(async function* () {
        yield { revision: 1, pods: [] }
        throw new WorkbenchError('link/gap', 'A hole', { hint: 'Subscribe again' })
      }),
    },
  } as unknown as Parameters<typeof contract.router>[0]) as unknown as WorkbenchRouter
  return {
    router, streamEnded, lanes, laneMessages,
    serveLane: (end) => { lanes.push(end); end.onMessage((message) => { laneMessages.push(message); end.send(new Uint8Array([1, 2, 3])) }) },
    close: async () => { closed = true },
    closed: () => closed,
  }
}
