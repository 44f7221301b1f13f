import { type CameraId, cameraIdSchema } from '../../../../shared/devices/ids.ts'
import { type ParsedFlags, quoted, usage } from '../arguments.ts'

export function cameraOf(text: string): CameraId {
  const id = cameraIdSchema.safeParse(text)
  if (!id.success) throw usage(`--camera ${quoted(text)} is no camera`, 'rackbench captures list shows them')
  return id.data
}

const agoUnits: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

export function rangeOf(given: ParsedFlags): { readonly sinceMs?: number; readonly untilMs?: number } {
  const timeOf = (name: 'since' | 'until'): number | undefined => {
    const text = given.text(name)
    if (text === undefined) return undefined
    const ago = /^(\d{1,6})([mhd])$/.exec(text)
    const atMs = ago ? Date.now() - Number(ago[1]) * (agoUnits[ago[2] ?? ''] ?? 0) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isNaN(atMs)) throw usage(`--${name} ${quoted(text)} is no time`, 'As in 2026-05-12T14:30, or 90m, 12h, 7d')
    return atMs
  }
  const [sinceMs, untilMs] = [timeOf('since'), timeOf('until')]
  return { ...(sinceMs === undefined ? {} : { sinceMs }), ...(untilMs === undefined ? {} : { untilMs }) }
}
