import { afterAll, beforeAll } from 'vitest'

/** Sockets, servers, pipes, child processes, files being watched and timers of this process, counted by kind. */
export type OpenResources = ReadonlyMap<string, number>

/** Come and go by themselves with every promise and file access; they keep nothing alive. */
const passing = /^(Immediate|FSReq|Random|Zlib|GetAddrInfo|ShutdownWrap|WriteWrap|TCPConnectWrap|PipeConnectWrap|CloseReq|UDPSendWrap)/

export function countOpen(): OpenResources {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    if (!passing.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}

/** `2 TCPSocketWrap, 1 Timeout`: what is open now and was not before; empty when nothing. */
export function describeNew(before: OpenResources, now: OpenResources): string {
  return [...now]
    .map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)] as const)
    .filter(([, more]) => more > 0)
    .map(([kind, more]) => `${more} ${kind}`)
    .join(', ')
}

/** A close is heard by the far end and by the system some turns later, so what is on its way gets this many. */
const turns = 100

export async function leftSince(before: OpenResources): Promise<string> {
  for (let turn = 0; turn < turns && describeNew(before, countOpen()) !== ''; turn += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 10) })
  }
  return describeNew(before, countOpen())
}

/** Call once at the top of a test file: the file fails when its tests leave something open. */
export function expectNothingLeftOpen(): void {
  let before: OpenResources = new Map()
  beforeAll(() => { before = countOpen() })
  afterAll(async () => {
    const left = await leftSince(before)
    if (left !== '') throw new Error(`left open by this file: ${left}`)
  })
}
