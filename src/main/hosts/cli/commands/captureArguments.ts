import type { CameraId } from '../../../../shared/devices/ids.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type ParsedFlags, quoted, usage } from '../arguments.ts'
import type { CliWorkbench } from '../cliWorkbench.ts'
import { plainText } from '../output/lineWriter.ts'

/** Of the rack, of what was captured and of what was done: the newest name of each. */
async function namesOf(workbench: CliWorkbench): Promise<Map<CameraId, string>> {
  const names = new Map<CameraId, string>()
  for (const { cameraId, cameraName } of await workbench.inventories.list()) names.set(cameraId, cameraName)
  for (const { camera, cameraName } of await workbench.captures.sessions({})) if (!names.has(camera)) names.set(camera, cameraName)
  for (const { camera, plan } of workbench.jobs()) if (!names.has(camera)) names.set(camera, plan.cameraName)
  return names
}

/** By id or by name. A camera that nobody knows is no camera that said nothing. */
export async function camerasOf(texts: readonly string[], workbench: CliWorkbench): Promise<CameraId[]> {
  if (texts.length === 0) return []
  const names = await namesOf(workbench)
  return texts.map((text) => {
    const found = [...names].filter(([id, name]) => id === text || name === text).map(([id]) => id)
    const [first] = found.some((id) => id === text) ? found.filter((id) => id === text) : found
    if (first === undefined) throw new WorkbenchError('input/not-found', `There is no camera ${quoted(text)} here`, { hint: '"rackbench captures list" and "rackbench rack list" name them' })
    if (found.length > 1 && first !== text) throw new WorkbenchError('input/conflict', `${found.length} cameras are called ${quoted(text)}`, { hint: `Name one by its id: ${found.join(', ')}` })
    return first
  })
}

/** For people; programs get ids. */
export async function cameraNames(workbench: CliWorkbench): Promise<(camera: CameraId) => string> {
  const names = await namesOf(workbench)
  return (camera) => plainText(names.get(camera) ?? '', 40) || camera
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
  if (sinceMs !== undefined && untilMs !== undefined && untilMs <= sinceMs) throw usage(`--until ${quoted(given.text('until') ?? '')} is not after --since ${quoted(given.text('since') ?? '')}`, 'As in --since 3h --until 1h')
  return { ...(sinceMs === undefined ? {} : { sinceMs }), ...(untilMs === undefined ? {} : { untilMs }) }
}
