import { createHash } from 'node:crypto'
import { applyTransaction } from '../../src/main/core/ota/applyTransaction.ts'
import { recoverTransaction } from '../../src/main/core/ota/recoverTransaction.ts'
import type { TransactionDeps, TransactionEnd, TransactionPlaces, TransactionRequest, TransactionWish } from '../../src/main/core/ota/transactionTypes.ts'
import { newDigest } from '../../src/main/drivers/host/digest.ts'
import { createMemoryFs, type MemoryFs, type MemoryFsOptions } from '../../src/main/sim/disk/memoryFs.ts'
import type { DeviceFs } from '../../src/shared/devices/deviceFs.ts'
import type { RecoveryReport, TransactionEvent } from '../../src/shared/ota/transaction.schema.ts'
import { createRealClock } from './realClock.ts'

export const never = new AbortController().signal

export const sha256Of = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')

export const boardPlaces: TransactionPlaces = { journal: '.ota_txn.json', backup: '.ota_backup', stage: '.ota_stage', errors: 'ota_error.json' }

/** Files by path; a folder is not told. */
export type Tree = Readonly<Record<string, string>>

/** From one set of files to another, with the version that goes with them. */
export interface UpdateCase {
  readonly old: Tree
  readonly next: Tree
  readonly links?: readonly { readonly target: string; readonly from: string | null; readonly to: string | null }[]
}

export const versionText = (version: string): string => JSON.stringify({ ref: version, commit: sha256Of(version).slice(0, 40) })

export function deviceOf({ old, next, links = [] }: UpdateCase, options: MemoryFsOptions = {}): MemoryFs {
  const fs = createMemoryFs(options)
  for (const [path, text] of Object.entries(old)) fs.put(path, text)
  for (const { target, from } of links) if (from !== null) fs.put(target, `-> ${from}`)
  fs.put('version.json', versionText('v1'))
  for (const [path, text] of Object.entries(next)) if (old[path] !== text) fs.put(`.ota_stage/${path}`, text)
  return fs
}

export function requestOf({ old, next, links = [] }: UpdateCase): TransactionRequest {
  const wishes: TransactionWish[] = []
  for (const [target, text] of Object.entries(next)) if (old[target] !== text) wishes.push({ kind: 'put', target, staged: `.ota_stage/${target}`, sha256: sha256Of(text) })
  for (const target of Object.keys(old)) if (!(target in next)) wishes.push({ kind: 'delete', target })
  for (const { target, to } of links) wishes.push({ kind: 'link', target, to })
  return { wishes, state: { target: 'version.json', text: versionText('v2') }, from: 'v1', to: 'v2' }
}

export interface OtaRig {
  readonly deps: TransactionDeps
  readonly events: TransactionEvent[]
  apply(request: TransactionRequest, signal?: AbortSignal): Promise<TransactionEnd>
  recover(): Promise<RecoveryReport>
}

export function otaRig(fs: DeviceFs, places = boardPlaces): OtaRig {
  const events: TransactionEvent[] = []
  let ids = 0
  const deps: TransactionDeps = { fs, places, clock: createRealClock(), newDigest, newId: () => `txn-${ids += 1}`, tell: (event) => { events.push(event) } }
  return { deps, events, apply: async (request, signal = never) => applyTransaction(request, deps, signal), recover: async () => recoverTransaction(deps, never) }
}

/** What is on the device besides the update's own files: `old`, `new`, or what is wrong with it. */
export function verdict(fs: MemoryFs, update: UpdateCase): string {
  const content = fs.content()
  const isSide = (tree: Tree, version: string, side: 'from' | 'to'): boolean => {
    const wanted = new Map<string, string>(Object.entries(tree))
    for (const link of update.links ?? []) if (link[side] !== null) wanted.set(link.target, `-> ${link[side]}`)
    wanted.set('version.json', versionText(version))
    const found = [...content].filter(([, each]) => each !== '/')
    return found.length === wanted.size && found.every(([path, each]) => sha256Of(each) === sha256Of(wanted.get(path) ?? 'nothing'))
  }
  if (isSide(update.old, 'v1', 'from')) return 'old'
  if (isSide(update.next, 'v2', 'to')) return 'new'
  return `neither: ${[...content].filter(([, each]) => each !== '/').map(([path, each]) => `${path}=${typeof each === 'string' ? each : new TextDecoder().decode(each).slice(0, 20)}`).join(' ')}`
}

/** Fifty files change: some new, some replaced, some deleted, in folders that are there and in new ones. */
export function fiftyFiles(): UpdateCase {
  const old: Record<string, string> = { 'boot.py': 'stays', 'lib/kept.py': 'stays too' }
  const next: Record<string, string> = { ...old }
  const folders = ['', 'lib/', 'app/', 'app/views/']
  for (let number = 0; number < 50; number += 1) {
    const path = `${folders[number % 4] ?? ''}${['added', 'replaced', 'deleted', 'replaced'][Math.floor(number / 4) % 4] ?? ''}${number}.py`
    if (!path.includes('added')) old[path] = `# old content of ${path}\n${'x = 1\n'.repeat(number)}`
    if (!path.includes('deleted')) next[path.includes('added') && number % 3 === 0 ? `fresh/${number % 2 === 0 ? 'deep/' : ''}${path}` : path] = number === 7 ? '' : `# new content of ${path}\n${'y = 2\n'.repeat(number)}`
  }
  return { old, next }
}
