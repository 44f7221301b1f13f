import { resolve } from 'node:path'
import type { DumpDiff } from '../../../../shared/dump/diff.schema.ts'
import { type Flags, helpOf, parseFlags, usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { modeOf, outputWithQuietFlag } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { hexText, sizeText, table } from '../output/words.ts'

const flags: Flags = {
  mtdparts: { type: 'string', value: 'TEXT', help: 'where the partitions are, when neither dump says so' },
  output: outputWithQuietFlag,
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** Exit code 0 when they are the same, 5 when they differ, as a proof that did not match. */
export async function diffCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('diff', flags, argv, 2)
  if (given.has('help')) {
    helpOf('diff A B [flags]', 'Compares two dumps: folders, images of the whole flash or ipctool backups. Secrets are masked. Exit code 0: the same; 5: they differ.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const mode = modeOf(given)
  const [a, b] = given.positionals
  if (a === undefined || b === undefined) throw usage('Two dumps are needed', 'rackbench diff A B')
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    const mtdparts = given.text('mtdparts')
    const diff = await workbench.diff({ pathA: resolve(a), pathB: resolve(b), ...(mtdparts === undefined ? {} : { mtdparts }) }, deps.interrupt.signal)
    if (mode === 'json') deps.out.line(JSON.stringify(diff))
    else if (mode === 'human') linesOf(diff).forEach(deps.out.line)
    return diff.same ? exitCodes.success : exitCodes.refusedOrFailed
  } finally {
    await workbench.close()
  }
}

const sectorsPerLine = 64

function linesOf(diff: DumpDiff): string[] {
  const side = (name: string, { path, kind, totalBytes }: DumpDiff['a']): string => `${name}: ${plainText(path, 300)} (${kind}, ${sizeText(totalBytes)})`
  const rows = [['partition', 'offset', 'length', 'bytes that differ', 'only in A', 'only in B', 'first at', ''], ...diff.partitions.map((part) => [
    plainText(part.name, 40), hexText(part.offsetBytes), sizeText(part.lengthBytes), String(part.differingBytes), String(part.onlyInABytes), String(part.onlyInBBytes),
    part.firstDifference === undefined ? '' : hexText(part.firstDifference), part.state,
  ])]
  const map = Array.from({ length: Math.ceil(diff.sectors.length / sectorsPerLine) }, (_, line) =>
    `  ${hexText(line * sectorsPerLine * diff.sectorBytes)}  ${diff.sectors.slice(line * sectorsPerLine, (line + 1) * sectorsPerLine)}`)
  return [
    side('A', diff.a), side('B', diff.b),
    ...[...diff.a.warnings, ...diff.b.warnings].map((warning) => `Warning: ${plainText(warning)}`), '',
    ...table(rows, [2, 3, 4, 5]).map((row) => `  ${row}`), '',
    `Map, ${diff.sectorBytes / 1024} KiB a sign: = same, - erased in both, x different, a only in A, b only in B, . in neither`, ...map, '',
    ...environmentLines(diff.environment), '', diff.same ? 'The same' : 'They differ',
  ]
}

function environmentLines({ offsetInA, offsetInB, changes, variables }: DumpDiff['environment']): string[] {
  if (offsetInA === undefined || offsetInB === undefined) {
    const where = offsetInA === undefined && offsetInB === undefined ? 'neither of them' : offsetInA === undefined ? 'A' : 'B'
    return [`Environment: ${where} ${where.startsWith('n') ? 'has one' : 'has none'} with a right checksum`]
  }
  if (changes.length === 0) return [`Environment: the same ${variables} variables`]
  return ['Environment:', ...changes.map(({ name, kind, a, b }) =>
    `  ${kind === 'added' ? '+' : kind === 'removed' ? '-' : '~'} ${plainText(name, 80)}: ${[a, b].filter((value) => value !== undefined).map((value) => plainText(value)).join(' -> ')}`)]
}
