import { join } from 'node:path'
import { makeFolders } from '../drivers/files/makeFolders.ts'
import { createLeases } from '../core/rack/leases.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { openSqliteLeases } from '../drivers/storage/sqliteLeases.ts'
import { nameOfLine } from '../drivers/transports/lineName.ts'
import type { SerialPortsDeps } from '../drivers/transports/listSerialPorts.ts'
import { parseTransportUrl } from '../drivers/transports/transportUrl.ts'

export interface LineLease {
  readonly url: string
  /** Of the workbench whose cameras are not to be disturbed. */
  readonly dataFolder: string
  readonly holder: string
  readonly serialPorts?: SerialPortsDeps | undefined
}

/** A command has a line to itself, as a job has: `pod/busy` names who has it, in whatever process. */
export async function withLineLease<T>({ url, dataFolder, holder, serialPorts }: LineLease, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return withLease({ resource: await nameOfLine(parseTransportUrl(url), serialPorts), dataFolder, holder }, signal, work)
}

/** Anything that a command and the jobs of a workbench may want at the same time. */
export async function withLease<T>({ resource, dataFolder, holder }: { readonly resource: string; readonly dataFolder: string; readonly holder: string }, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  await makeFolders(dataFolder, 0o700)
  const store = openSqliteLeases(join(dataFolder, 'journal.sqlite'))
  try {
    const lease = await createLeases({ store, clock: createSystemClock(), log: () => undefined }).take(resource, holder, signal)
    try {
      return await work()
    } finally {
      await lease.release()
    }
  } finally {
    store.close()
  }
}
