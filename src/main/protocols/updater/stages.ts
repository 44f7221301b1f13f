import type { UpdaterStage } from '../../../shared/ota/updater.schema.ts'

export type StageEvent = 'download' | 'downloaded' | 'verified' | 'update' | 'goBack' | 'restart' | 'installed' | 'settled' | 'fail' | 'expire'

/** From where an event may lead, and to where; what is not listed cannot happen. */
const table: Readonly<Record<StageEvent, { readonly from: readonly UpdaterStage[]; readonly to: UpdaterStage }>> = {
  download: { from: ['idle', 'failed', 'success'], to: 'downloading' },
  downloaded: { from: ['downloading'], to: 'verifying' },
  verified: { from: ['verifying'], to: 'toInstall' },
  update: { from: ['toInstall'], to: 'installing' },
  // Nothing waits to be installed, and nothing is under way.
  goBack: { from: ['idle', 'failed', 'success'], to: 'installing' },
  restart: { from: ['installing'], to: 'rebooting' },
  installed: { from: ['installing', 'rebooting'], to: 'success' },
  settled: { from: ['success'], to: 'idle' },
  expire: { from: ['toInstall'], to: 'failed' },
  fail: { from: ['idle', 'downloading', 'verifying', 'toInstall', 'installing', 'rebooting', 'success', 'failed'], to: 'failed' },
}

/** `undefined`: not from there. */
export const nextStage = (stage: UpdaterStage, event: StageEvent): UpdaterStage | undefined => (table[event].from.includes(stage) ? table[event].to : undefined)

/** A verified package may wait this long; to the millisecond is still in time. */
export const trustMs = 24 * 60 * 60 * 1000

/** A clock that was set back since then makes nothing fresher: what was verified a day ahead of now is not trusted either. */
export const isExpired = (verifiedAtMs: number, wallMs: number): boolean => !(Math.abs(wallMs - verifiedAtMs) <= trustMs)

/** How far an installation is after `done` of `modules`. */
export const moduleProgress = (done: number, modules: number): number => Math.max(5, Math.floor((done * 80) / Math.max(1, modules)))
export const installProgress = { started: 0, stopping: 5, verifying: 95, starting: 98, done: 100 } as const
