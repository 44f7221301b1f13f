import { type DumpDiff, sectorSigns } from '../../../shared/dump/diff.schema.ts'
import { parseMtdparts } from '../../protocols/mtdparts/parser.ts'
import { type EnvironmentImage, parseEnvironmentImage } from '../../protocols/uboot/environmentImage.ts'
import { emmcRules, type PlacedPart, placeParts } from '../workflows/restore/layout.ts'
import type { RestoreInput } from '../workflows/restore/rawInput.ts'
import { isSecretName, shownValue } from './secrets.ts'

const sectorBytes = 0x10000
const maxShownChanges = 500

interface Side {
  readonly input: RestoreInput
  readonly parts: readonly PlacedPart[]
  readonly endBytes: number
}

interface Named {
  readonly name: string
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/**
 * Two dumps, byte by byte at their places in flash. Offsets come from `mtdparts`, from the dumps themselves, or are the sums of the
 * lengths before; layouts that cannot be are refused as a restore would.
 */
export function diffDumps(inputA: RestoreInput, inputB: RestoreInput, mtdparts: string | undefined): DumpDiff {
  const a = sideOf(inputA, mtdparts)
  const b = sideOf(inputB, mtdparts)
  const totalBytes = Math.max(a.endBytes, b.endBytes)
  const pieces = piecesOf(a, b, totalBytes)
  const sectors = signsOf(pieces, totalBytes)
  const partitions = tableOf(a, b, mtdparts, totalBytes).map((named) => comparePartition(named, a, b))
  const differingBytes = pieces.reduce((sum, piece) => sum + piece.differingBytes, 0)
  return {
    a: factsOf(a), b: factsOf(b), same: differingBytes === 0 && pieces.every((piece) => (piece.a === undefined) === (piece.b === undefined)),
    comparedBytes: pieces.reduce((sum, piece) => sum + (piece.a && piece.b ? piece.lengthBytes : 0), 0), differingBytes,
    partitions, sectorBytes, sectors, environment: compareEnvironments(findEnvironment(a), findEnvironment(b)),
  }
}

function sideOf(input: RestoreInput, mtdparts: string | undefined): Side {
  // An image knows its places without a table, and would be cut by one.
  const table = input.kind === 'folder' ? mtdparts ?? input.mtdparts : input.mtdparts
  // Nothing is written here: of NAND and eMMC only the size is another.
  const parts = input.flash === undefined || input.flash.kind === 'nor' ? placeParts(input, table) : placeParts(input, table, emmcRules)
  return { input, parts, endBytes: Math.max(0, ...parts.map(({ offsetBytes, bytes }) => offsetBytes + bytes.length)) }
}

const factsOf = ({ input: { path, kind, totalBytes, warnings } }: Side): DumpDiff['a'] => ({ path, kind, totalBytes, warnings: [...warnings] })

/** The finest table that anybody knows. */
function tableOf(a: Side, b: Side, mtdparts: string | undefined, totalBytes: number): readonly Named[] {
  const text = mtdparts ?? a.input.mtdparts ?? b.input.mtdparts
  if (text !== undefined) {
    return parseMtdparts(text).map(({ name, offsetBytes, lengthBytes }) => ({ name, offsetBytes, lengthBytes: lengthBytes ?? Math.max(0, totalBytes - offsetBytes) })).filter(({ lengthBytes }) => lengthBytes > 0)
  }
  const finer = b.parts.length > a.parts.length ? b : a
  return finer.parts.map(({ name, source, offsetBytes }, index) =>
    ({ name: source.split(': ')[1] ?? name, offsetBytes, lengthBytes: (finer.parts[index + 1]?.offsetBytes ?? totalBytes) - offsetBytes }))
}

/** An interval that lies in one part, or in none, of either side. */
interface Compared {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly a: Uint8Array | undefined
  readonly b: Uint8Array | undefined
  readonly differingBytes: number
  readonly firstDifference: number | undefined
}

function piecesOf(a: Side, b: Side, toBytes: number, fromBytes = 0): readonly Compared[] {
  const edges = new Set([fromBytes, toBytes])
  for (let at = fromBytes - (fromBytes % sectorBytes) + sectorBytes; at < toBytes; at += sectorBytes) edges.add(at)
  for (const { offsetBytes, bytes } of [...a.parts, ...b.parts]) {
    for (const edge of [offsetBytes, offsetBytes + bytes.length]) if (edge > fromBytes && edge < toBytes) edges.add(edge)
  }
  const sorted = [...edges].sort((left, right) => left - right)
  return sorted.slice(0, -1).map((offsetBytes, index) => {
    const lengthBytes = (sorted[index + 1] ?? offsetBytes) - offsetBytes
    const [inA, inB] = [bytesAt(a, offsetBytes, lengthBytes), bytesAt(b, offsetBytes, lengthBytes)]
    return { offsetBytes, lengthBytes, a: inA, b: inB, ...differences(inA, inB, offsetBytes) }
  })
}

function bytesAt({ parts }: Side, offsetBytes: number, lengthBytes: number): Uint8Array | undefined {
  const part = parts.find((each) => each.offsetBytes <= offsetBytes && offsetBytes < each.offsetBytes + each.bytes.length)
  return part?.bytes.subarray(offsetBytes - part.offsetBytes, offsetBytes - part.offsetBytes + lengthBytes)
}

function differences(a: Uint8Array | undefined, b: Uint8Array | undefined, offsetBytes: number): Pick<Compared, 'differingBytes' | 'firstDifference'> {
  let differingBytes = 0
  let firstDifference: number | undefined
  if (a && b) {
    for (let at = 0; at < a.length; at += 1) {
      if (a[at] === b[at]) continue
      differingBytes += 1
      firstDifference ??= offsetBytes + at
    }
  }
  return { differingBytes, firstDifference }
}

const isErased = (bytes: Uint8Array | undefined): boolean => bytes?.every((byte) => byte === 0xff) ?? true

function signsOf(pieces: readonly Compared[], totalBytes: number): string {
  const signs: string[] = []
  for (let at = 0; at < totalBytes; at += sectorBytes) {
    const inside = pieces.filter(({ offsetBytes }) => offsetBytes >= at && offsetBytes < at + sectorBytes)
    signs.push(signOf(inside))
  }
  return signs.join('')
}

function signOf(inside: readonly Compared[]): string {
  if (inside.some(({ differingBytes }) => differingBytes > 0)) return sectorSigns.different
  const [isInA, isInB] = [inside.some(({ a }) => a), inside.some(({ b }) => b)]
  if (!isInA && !isInB) return sectorSigns.nowhere
  // A sector of which one side has more than the other is not the same.
  if (inside.some(({ a, b }) => (a === undefined) !== (b === undefined))) return inside.some(({ a, b }) => a && !b) ? sectorSigns.onlyInA : sectorSigns.onlyInB
  return inside.every(({ a }) => isErased(a)) ? sectorSigns.blank : sectorSigns.same
}

function comparePartition({ name, offsetBytes, lengthBytes }: Named, a: Side, b: Side): DumpDiff['partitions'][number] {
  const pieces = piecesOf(a, b, offsetBytes + lengthBytes, offsetBytes)
  const sum = (of: (piece: Compared) => number): number => pieces.reduce((total, piece) => total + of(piece), 0)
  const onlyInABytes = sum((piece) => (piece.a && !piece.b ? piece.lengthBytes : 0))
  const onlyInBBytes = sum((piece) => (piece.b && !piece.a ? piece.lengthBytes : 0))
  const bothBytes = sum((piece) => (piece.a && piece.b ? piece.lengthBytes : 0))
  const differingBytes = sum((piece) => piece.differingBytes)
  const first = pieces.find((piece) => piece.firstDifference !== undefined)?.firstDifference
  const differingSectors = new Set(pieces.filter((piece) => piece.differingBytes > 0).map((piece) => Math.floor(piece.offsetBytes / sectorBytes))).size
  const state = bothBytes === 0 && onlyInABytes > 0 ? 'only-in-a' : bothBytes === 0 && onlyInBBytes > 0 ? 'only-in-b' : differingBytes + onlyInABytes + onlyInBBytes > 0 ? 'different' : 'same'
  return { name, offsetBytes, lengthBytes, state, differingBytes, onlyInABytes, onlyInBBytes, differingSectors, ...(first === undefined ? {} : { firstDifference: first }) }
}

interface Found extends EnvironmentImage {
  readonly offsetBytes: number
}

/** U-Boot's environment lies at the start of a sector; its checksum tells it from everything else. */
function findEnvironment({ parts }: Side): Found | undefined {
  for (const { offsetBytes, bytes } of parts) {
    for (let at = 0; at < bytes.length; at += sectorBytes) {
      const found = parseEnvironmentImage(bytes.subarray(at))
      if (found) return { ...found, offsetBytes: offsetBytes + at }
    }
  }
  return undefined
}

function compareEnvironments(a: Found | undefined, b: Found | undefined): DumpDiff['environment'] {
  const names = [...new Set([...a?.variables.keys() ?? [], ...b?.variables.keys() ?? []])].sort()
  const changes = a && b ? names.flatMap((name) => changeOf(name, a.variables.get(name), b.variables.get(name))) : []
  return {
    ...(a ? { offsetInA: a.offsetBytes } : {}), ...(b ? { offsetInB: b.offsetBytes } : {}),
    variables: names.length, changes: changes.slice(0, maxShownChanges),
  }
}

function changeOf(name: string, a: string | undefined, b: string | undefined): DumpDiff['environment']['changes'] {
  if (a === b) return []
  const [shownA, shownB] = [a === undefined ? undefined : shownValue(name, a), b === undefined ? undefined : shownValue(name, b)]
  return [{
    // Names come from the flash as well, and are as hostile as values.
    name: shownValue('name', name).text.slice(0, 128),
    kind: a === undefined ? 'added' : b === undefined ? 'removed' : 'changed',
    ...(shownA ? { a: shownA.text } : {}), ...(shownB ? { b: shownB.text } : {}),
    isSecret: isSecretName(name) || shownA?.isSecret === true || shownB?.isSecret === true,
  }]
}
