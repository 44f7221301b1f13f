import { type Boot, type BootComparison, type BootPhase, bootPhases } from '../../../shared/captures/boots.schema.ts'
import { phaseOf } from '../../protocols/bootPhases/bootTrack.ts'
import { lineKind } from '../../protocols/captureLines/lineKind.ts'

export interface BootLine { readonly atMs: number; readonly offset: number; readonly text: string }
type Row = BootComparison['rows'][number]
interface Kinded extends BootLine { readonly kind: string }

/** A table of this many squares takes a tenth of a second; of longer phases the ends are compared line by line. */
const mostCells = 4_000_000

/** Two boots side by side, phase by phase; numbers, addresses and times do not make a line different. */
export function compareBoots(a: { readonly boot: Boot; readonly lines: readonly BootLine[] }, b: { readonly boot: Boot; readonly lines: readonly BootLine[] }): Pick<BootComparison, 'rows' | 'firstDifference'> {
  const [inA, inB] = [byPhase(a.boot, a.lines), byPhase(b.boot, b.lines)]
  const rows = bootPhases.flatMap((phase) => aligned(phase, inA.get(phase) ?? [], inB.get(phase) ?? []))
  const first = rows.findIndex(({ isSame }) => !isSame)
  return { rows, ...(first < 0 ? {} : { firstDifference: first }) }
}

/** Blanks before a kernel's time are as many as its digits leave. */
const kindOf = (text: string): string => lineKind(text).replaceAll(/\s+/g, ' ').replaceAll('[ ', '[').trim()

function byPhase({ begins, startMs }: Boot, lines: readonly BootLine[]): Map<BootPhase, Kinded[]> {
  const parts = new Map<BootPhase, Kinded[]>()
  let phase: BootPhase = bootPhases.find((each) => begins[each] !== undefined) ?? 'uboot'
  for (const { text, offset, atMs } of lines) {
    // By its words and not by its time: a burst of lines comes in one moment, and clocks are set back.
    const next = phaseOf(text)
    if (next !== undefined && begins[next] !== undefined && bootPhases.indexOf(next) > bootPhases.indexOf(phase)) phase = next
    const line = { text, offset, atMs: Math.max(0, atMs - startMs), kind: kindOf(text) }
    const part = parts.get(phase)
    if (part) part.push(line)
    else parts.set(phase, [line])
  }
  return parts
}

const sideOf = ({ atMs, offset, text }: Kinded): NonNullable<Row['a']> => ({ atMs, offset, text })

function aligned(phase: BootPhase, a: readonly Kinded[], b: readonly Kinded[]): Row[] {
  const rows: Row[] = []
  const both = (one: Kinded | undefined, other: Kinded | undefined): void => {
    rows.push({ phase, isSame: one !== undefined && one.kind === other?.kind, ...(one ? { a: sideOf(one) } : {}), ...(other ? { b: sideOf(other) } : {}) })
  }
  let head = 0
  while (head < a.length && head < b.length && a[head]?.kind === b[head]?.kind) { both(a[head], b[head]); head += 1 }
  const [restA, restB] = [a.slice(head), b.slice(head)]
  if (restA.length * restB.length > mostCells) {
    for (let at = 0; at < Math.max(restA.length, restB.length); at += 1) both(restA[at], restB[at])
    return rows
  }
  const common = lengthsOfCommon(restA, restB)
  let [x, y] = [0, 0]
  while (x < restA.length || y < restB.length) {
    if (x < restA.length && y < restB.length && restA[x]?.kind === restB[y]?.kind) { both(restA[x], restB[y]); x += 1; y += 1 }
    else if (y >= restB.length || (x < restA.length && common(x + 1, y) >= common(x, y + 1))) { both(restA[x], undefined); x += 1 }
    else { both(undefined, restB[y]); y += 1 }
  }
  return rows
}

/** How many lines the rests of both have in common, in order. */
function lengthsOfCommon(a: readonly Kinded[], b: readonly Kinded[]): (x: number, y: number) => number {
  const width = b.length + 1
  const cells = new Uint16Array((a.length + 1) * width)
  for (let x = a.length - 1; x >= 0; x -= 1) {
    for (let y = b.length - 1; y >= 0; y -= 1) {
      cells[x * width + y] = a[x]?.kind === b[y]?.kind ? (cells[(x + 1) * width + y + 1] ?? 0) + 1 : Math.max(cells[(x + 1) * width + y] ?? 0, cells[x * width + y + 1] ?? 0)
    }
  }
  return (x, y) => cells[x * width + y] ?? 0
}
