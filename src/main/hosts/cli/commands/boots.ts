import { groupBoots, spansOf, totalOf } from '../../../../shared/captures/bootStats.ts'
import { type Boot, bootPhaseWords, bootQuerySchema, type BootRef, bootRefSchema } from '../../../../shared/captures/boots.schema.ts'
import { quoted, type ParsedFlags, usage, wholeNumber, wishOf } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'
import { cameraNames, camerasOf, rangeOf } from './captureArguments.ts'

interface Scene { readonly given: ParsedFlags; readonly words: readonly string[]; readonly json: boolean; readonly deps: CliDeps; readonly workbench: CliWorkbench }

const seconds = (ms: number | undefined): string => (ms === undefined ? '' : (ms / 1000).toFixed(3))
const nameOf = ({ session, startOffset }: Boot): string => `${session}@${startOffset}`

/** Every boot of one camera with its phases, and what is usual of each firmware. */
export async function listBoots({ given, words, json, deps, workbench }: Scene): Promise<ExitCode> {
  const [camera, second] = words
  if (second !== undefined) throw usage('One camera at a time', 'rackbench captures boots cam-1')
  const query = wishOf(bootQuerySchema, { ...rangeOf(given), cameras: await camerasOf(camera === undefined ? given.texts('camera') : [camera], workbench), limit: wholeNumber('--limit', given.text('limit') ?? '1000', 1, 20_000) }, { cameras: 'list of cameras' }, 'rackbench captures boots cam-1')
  await workbench.captures.caughtUp(AbortSignal.any([deps.interrupt.signal, AbortSignal.timeout(60_000)]))
  const { boots, isCut, note } = await workbench.boots.list(query, deps.interrupt.signal)
  const groups = groupBoots(boots)
  if (json) {
    deps.out.line(JSON.stringify({
      boots: boots.map((boot) => ({ name: nameOf(boot), ...boot, phases: spansOf(boot), totalMs: totalOf(boot) })), isCut, note,
      groups: groups.map(({ camera: of, firmware, boots: all, finished, medianMs, phaseMedians, outliers }) => ({ camera: of, firmware, boots: all.length, finished, medianMs, phaseMedians, outliers: [...outliers].map(nameOf) })),
    }))
    return exitCodes.success
  }
  if (boots.length === 0) deps.out.line(query.cameras.length > 0 || query.sinceMs !== undefined || query.untilMs !== undefined ? 'No boot was seen of that' : 'No boot was seen yet')
  const cameraName = await cameraNames(workbench)
  for (const group of groups) {
    deps.out.line(`${cameraName(group.camera)}, ${plainText(group.firmware, 160) || 'firmware not seen'}: ${group.boots.length} ${group.boots.length === 1 ? 'boot' : 'boots'}, ${group.medianMs === undefined ? 'none' : group.finished} to the login prompt${group.medianMs === undefined ? '' : `, median ${seconds(group.medianMs)} s`}`)
    table([['boot', 'when', 'seconds', 'phases', ''], ...group.boots.map((boot) => [
      nameOf(boot), new Date(boot.startMs).toISOString(), seconds(totalOf(boot)) || 'no login', spansOf(boot).map(({ phase, ms }) => `${bootPhaseWords[phase]} ${seconds(ms)}`).join(', '), group.outliers.has(boot) ? 'outlier' : '',
    ])], [2]).forEach(deps.out.line)
  }
  if (isCut) deps.err.line('Warning: there are older boots; --limit shows more')
  if (note !== '') deps.err.line(`Warning: ${note}`)
  return exitCodes.success
}

/** Two boots side by side; the first difference is marked. */
export async function compareTwo({ words, json, deps, workbench }: Scene): Promise<ExitCode> {
  const [a, b] = words
  if (a === undefined || b === undefined || words.length > 2) throw usage('Two boots are compared', 'rackbench captures compare SESSION@OFFSET SESSION@OFFSET')
  await workbench.captures.caughtUp(AbortSignal.any([deps.interrupt.signal, AbortSignal.timeout(60_000)]))
  const found = await workbench.boots.compare(refOf(a), refOf(b), deps.interrupt.signal)
  if (json) { deps.out.line(JSON.stringify(found)); return exitCodes.success }
  const width = Math.max(20, Math.floor((deps.out.columns - 12) / 2))
  const side = (line: { readonly atMs: number; readonly text: string } | undefined): string => (line ? `${seconds(line.atMs).padStart(9)} ${plainText(line.text, 300)}` : '').slice(0, width).padEnd(width)
  found.rows.forEach((row, index) => {
    deps.out.line(`${index === found.firstDifference ? '>>' : '  '} ${bootPhaseWords[row.phase].padEnd(8).slice(0, 8)}${side(row.a)}${row.isSame ? ' ' : '|'}${side(row.b).trimEnd()}`)
  })
  deps.out.line(found.firstDifference === undefined ? 'No difference but numbers' : `First difference in ${bootPhaseWords[found.rows[found.firstDifference]?.phase ?? 'rom']}, row ${found.firstDifference + 1} of ${found.rows.length}`)
  if (found.isCut) deps.err.line('Warning: a boot has more lines than are compared')
  return exitCodes.success
}

function refOf(text: string): BootRef {
  const [, session, offset] = /^([\w-]{1,40})@(\d{1,15})$/.exec(text) ?? []
  const ref = bootRefSchema.safeParse({ session, startOffset: Number(offset) })
  if (!ref.success) throw usage(`${quoted(text)} is no boot`, '"rackbench captures boots" names them: SESSION@OFFSET')
  return ref.data
}
