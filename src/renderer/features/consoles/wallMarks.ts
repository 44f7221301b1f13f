import type { RuleHit } from '../../../shared/consoles/consoleTools.schema.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'

/** A line that a rule met, and where it begins in the console's history. */
export interface TileMark extends Pick<RuleHit, 'sequence' | 'rule' | 'tone' | 'line'> { readonly position: number }

/** Each is looked for whenever its tile is drawn, and a tile that is full of marks says no more by another one. */
const keptOfOne = 16

/** Those of the cameras concerned are replaced; what came of a rule's act is no line and is not marked. */
export function addMarks(marks: Map<CameraId, readonly TileMark[]>, news: readonly RuleHit[]): void {
  const fresh = new Map<CameraId, TileMark[]>()
  for (const { cameraId, sequence, rule, tone, line, position } of news) {
    if (position === undefined) continue
    const mark = { sequence, rule, tone, line, position }
    const own = fresh.get(cameraId)
    if (own) own.push(mark)
    else fresh.set(cameraId, [mark])
  }
  for (const [cameraId, own] of fresh) {
    const before = marks.get(cameraId) ?? []
    // A workbench that was started again counts anew.
    const isAnew = (before.at(-1)?.sequence ?? 0) >= (own[0]?.sequence ?? 0)
    marks.set(cameraId, [...(isAnew ? [] : before), ...own].slice(-keptOfOne))
  }
}

/** The newest of the worst tone: there is room for one word. */
export const worstOf = (marks: readonly TileMark[]): TileMark | undefined =>
  (['bad', 'warn', 'ok'] as const).map((tone) => marks.findLast((mark) => mark.tone === tone)).find((mark) => mark !== undefined)
