import type { JobState } from '../../shared/jobs/reduceJob.ts'
import type { CameraLife, CameraView, PodView } from '../../shared/rack/rackView.schema.ts'
import type { Verdict } from '../../shared/restore/restore.schema.ts'

export type Shape = 'disc' | 'half' | 'triangle' | 'cross' | 'diamond' | 'ring'
export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'unknown' | 'off'
export interface Status { readonly shape: Shape; readonly tone: Tone; readonly word: string }

const shapes: Readonly<Record<Tone, Shape>> = { ok: 'disc', busy: 'half', warn: 'triangle', bad: 'cross', unknown: 'diamond', off: 'ring' }
export const status = (tone: Tone, word: string): Status => ({ tone, word, shape: shapes[tone] })

const lifeTones: Readonly<Record<CameraLife, Tone>> = {
  off: 'off', 'boot rom': 'busy', 'u-boot': 'ok', booting: 'busy', booted: 'ok', 'boot loop': 'warn', silent: 'warn', working: 'busy', failed: 'bad', unknown: 'unknown',
}
const lifeWords: Partial<Record<CameraLife, string>> = { 'u-boot': 'U-Boot', 'boot rom': 'boot ROM' }

export const lifeStatus = (life: CameraLife): Status => status(lifeTones[life], lifeWords[life] ?? life)

const workWords = { restore: 'restoring', install: 'installing', dump: 'dumping', burn: 'loading U-Boot', agent: 'with its flash agent', update: 'updating' } as const

/** A job names what the work is; the life only says that there is some. */
export const cameraStatus = (camera: CameraView): Status =>
  camera.life === 'working' && camera.job ? status('busy', camera.job.state === 'queued' ? 'queued' : workWords[camera.job.workflow]) : lifeStatus(camera.life)

const jobTones: Readonly<Record<JobState, Tone>> = {
  queued: 'off', running: 'busy', succeeded: 'ok', failed: 'bad', cancelled: 'off', interrupted: 'warn',
}
export const jobStatus = (state: JobState): Status => status(jobTones[state], state)

const verdictTones: Readonly<Record<Verdict, Tone>> = {
  'restored and booted': 'ok', 'restored, boot not seen': 'warn', 'installed and booted': 'ok', 'installed, boot not seen': 'warn', 'installed, U-Boot not confirmed': 'warn', 'failed (state known)': 'bad', 'failed (state unknown)': 'bad',
  'dumped and verified': 'ok', 'U-Boot is running': 'ok', 'done and proved': 'ok', 'examined, not healthy': 'warn', 'updated and read back': 'ok', cancelled: 'off', interrupted: 'warn',
}
export const verdictStatus = (verdict: Verdict): Status => status(verdictTones[verdict], verdict)

export const podStatus = (pod: PodView): Status =>
  pod.state === 'reachable' ? status('ok', 'reachable') : pod.state === 'checking' ? status('busy', 'checking') : status('unknown', 'unreachable')

/** A loop meets the same rule again and again: what is counted is what was met, and how often stands in the title. */
export function alarmWords(alarms: CameraView['alarms']): { readonly text: string; readonly title: string } | undefined {
  if (!alarms || alarms.count === 0) return undefined
  return { text: `${String(alarms.kinds)} ${alarms.kinds === 1 ? 'alarm' : 'alarms'}`, title: alarms.count > alarms.kinds ? `${alarms.words} · ${String(alarms.count)} times in all` : alarms.words }
}

/** How many cameras are in each state, the worst last seen first by the eye: fine, working, trouble, off. */
export function countLives(cameras: readonly CameraView[]): readonly { readonly life: CameraLife; readonly count: number }[] {
  const order: readonly CameraLife[] = ['booted', 'u-boot', 'booting', 'boot rom', 'working', 'silent', 'boot loop', 'failed', 'unknown', 'off']
  return order.map((life) => ({ life, count: cameras.filter((camera) => camera.life === life).length })).filter(({ count }) => count > 0)
}
