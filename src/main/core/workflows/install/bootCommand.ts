import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { parseMtdparts } from '../../../protocols/mtdparts/parser.ts'
import { hexText } from '../restore/layout.ts'
import type { InstallLayout } from './installLayout.ts'

export interface BootCommandFacts {
  /** Of the camera's environment, whose text becomes `bootcmd`. */
  readonly name: string
  /** As they will be when it runs. */
  readonly variables: ReadonlyMap<string, string>
  readonly layout: InstallLayout
  readonly kernelBytes: number
}

export type BootCommandVerdict =
  | { readonly is: 'right' }
  /** It would not start what is installed, or would harm it. */
  | { readonly is: 'wrong'; readonly why: string }
  /** Nothing in it says which partition it starts. */
  | { readonly is: 'unknown' }

const mostLetters = 8192
const mostRounds = 8
/** Variables that run each other would never end. */
const mostCommands = 256
/** The place of `rootfs` in every layout's table for NOR. */
const rootIndex = 3

/**
 * What a camera's own boot command will do once the layout is there, as far as its text tells: which place it reads the kernel from, how
 * much of it, where it tells the kernel that its root is, and that it changes no flash. It is read and never run.
 */
export function judgeBootCommand({ name, variables, layout, kernelBytes }: BootCommandFacts): BootCommandVerdict {
  const commands = commandsOf(variables.get(name) ?? '', variables, { left: mostCommands })
  const harm = commands.find((each) => /^(?:sf|nand|mmc|mtd|ubi)\s+(?:erase|write|update|scrub|remove|create)/.test(each))
  if (harm !== undefined) return { is: 'wrong', why: `changes the flash at each start: "${harm.slice(0, 80)}"` }
  const root = rootOf(commands, variables, layout)
  if (root !== undefined) return { is: 'wrong', why: root }
  const reads = commands.flatMap((each): readonly { readonly offsetBytes: number; readonly lengthBytes: number }[] => {
    const words = /^sf\s+read\s+\S+\s+(?<offset>\S+)\s+(?<length>\S+)/.exec(each)?.groups
    const [offsetBytes, lengthBytes] = [hexOf(words?.['offset']), hexOf(words?.['length'])]
    return offsetBytes === undefined || lengthBytes === undefined ? [] : [{ offsetBytes, lengthBytes }]
  })
  const { offsetBytes } = layout.kernel
  const ofKernel = reads.find((each) => each.offsetBytes === offsetBytes)
  if (ofKernel && ofKernel.lengthBytes >= kernelBytes) return { is: 'right' }
  if (ofKernel) return { is: 'wrong', why: `reads ${ofKernel.lengthBytes} bytes of the kernel, which has ${kernelBytes}` }
  const [other] = reads
  return other ? { is: 'wrong', why: `reads from ${hexText(other.offsetBytes)}, and the kernel is at ${hexText(offsetBytes)}` } : { is: 'unknown' }
}

/** One by one, with what `run` runs in its place and with variables as they are. */
function commandsOf(text: string, variables: ReadonlyMap<string, string>, budget: { left: number }): readonly string[] {
  return expanded(text, variables).split(/;|&&|\|\||\n/).map((each) => each.trim()).filter((each) => each !== '').flatMap((command) => {
    budget.left -= 1
    if (budget.left < 0) return []
    const run = /^run\s+(?<names>.+)$/.exec(command)?.groups?.['names']
    if (run === undefined) return [command]
    return run.split(/\s+/).flatMap((each) => (budget.left > 0 ? commandsOf(variables.get(each) ?? '', variables, budget) : []))
  })
}

/** A value may name variables itself; how often it is read before it counts differs by build, so it is read to its end. */
function expanded(text: string, variables: ReadonlyMap<string, string>): string {
  let now = text
  for (let round = 0; round < mostRounds; round += 1) {
    const next = now.replaceAll(/\\?\$[{(](\w+)[})]/g, (whole, each: string) => variables.get(each) ?? whole).slice(0, mostLetters)
    if (next === now) return now
    now = next
  }
  return now
}

/** Why its kernel would look for its root elsewhere; undefined where it would not, or nobody can tell. */
function rootOf(commands: readonly string[], variables: ReadonlyMap<string, string>, layout: InstallLayout): string | undefined {
  const set = commands.map((each) => /^setenv\s+(?:setargs\s+setenv\s+)?bootargs\s+(?<text>.*)$/.exec(each)?.groups?.['text']).filter((each) => each !== undefined).at(-1)
  const text = set ?? expanded(variables.get('bootargs') ?? '', variables)
  const index = /(?:^|\s)root=\/dev\/mtdblock(?<index>\d+)(?:\s|$)/.exec(text)?.groups?.['index']
  if (index !== undefined && Number(index) !== rootIndex) return `tells the kernel that its root is on partition ${index}, and it is on ${rootIndex}`
  const table = /(?:^|\s)mtdparts=(?<table>[^\s$]+)(?:\s|$)/.exec(text)?.groups?.['table']
  return table === undefined || sameTable(table, layout.mtdparts) !== false ? undefined : `gives the kernel another partition table: ${table.slice(0, 120)}`
}

/** Undefined: one of them cannot be read. */
export function sameTable(text: string, wanted: string): boolean | undefined {
  try {
    const [a, b] = [text, wanted].map((each) => JSON.stringify(parseMtdparts(each).map(({ name, offsetBytes, lengthBytes }) => [name, offsetBytes, lengthBytes])))
    return a === b
  } catch (error) {
    if (error instanceof WorkbenchError) return undefined
    throw error
  }
}

/** U-Boot reads every number as a hexadecimal one. */
function hexOf(text: string | undefined): number | undefined {
  return text !== undefined && /^(?:0x)?[0-9a-f]{1,8}$/i.test(text) ? parseInt(text.replace(/^0x/i, ''), 16) : undefined
}
