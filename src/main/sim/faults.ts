import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { fastbootPhases } from '../../shared/devices/rackPod.ts'
import type { SimBehaviour } from './behaviours.ts'
import { answerOfFailedCommand } from './failedCommand.ts'
import { psramBytes } from './podStore.ts'

interface FaultKind {
  readonly name: string
  readonly sentence: string
  /** How many times it happens when nobody says otherwise. */
  readonly times?: number
  readonly make: (argument: string | undefined, random: () => number) => SimBehaviour
}

const once = 1

const faultKinds: readonly FaultKind[] = [
  { name: 'flash-page-wrong', sentence: 'The flash page at OFFSET (0x51000) takes one wrong bit and says nothing', make: (argument) => {
    const wrongPage = numberOf(argument, 0x51000) & ~0xff
    return { onProgram: (offsetBytes, page) => (offsetBytes === wrongPage ? page.map((byte, index) => (index === 7 ? byte ^ 0x10 : byte)) : undefined) }
  } },
  { name: 'tftp-loss', sentence: 'PERCENT (1) of the blocks between TFTP server and camera are lost', make: (argument, random) => {
    const share = numberOf(argument, 1) / 100
    return { onTftpBlock: () => (random() < share ? 'lost' : undefined) }
  } },
  { name: 'tftp-stall', sentence: 'Every TFTP transfer stops half-way, and U-Boot runs out of retries', make: () => ({ onTransfer: (lengthBytes) => Math.floor(lengthBytes / 2) }) },
  { name: 'bridge-drop', sentence: 'The UART bridge closes once, after N (1500) bytes to the host', times: once, make: (argument) => {
    const limitBytes = numberOf(argument, 1500)
    return { onBridgeBytes: (sentBytes) => (sentBytes >= limitBytes ? 'drop' : undefined) }
  } },
  { name: 'console-garbage', sentence: 'A random byte lands between about every N (400) bytes of the console', make: (argument, random) => garbage(numberOf(argument, 400), random) },
  { name: 'console-loss', sentence: 'About every N (4000) bytes of the console a piece of a line is lost', make: (argument, random) => {
    const everyBytes = numberOf(argument, 4000)
    let untilNext = everyBytes
    return { onConsoleBytes: (bytes) => {
      untilNext -= bytes.length
      if (untilNext > 0) return undefined
      untilNext = everyBytes * (0.5 + random())
      return bytes.subarray(0, Math.floor(random() * bytes.length))
    } }
  } },
  { name: 'console-digits', sentence: 'About every N (20000) bytes a digit on the console is another one', make: (argument, random) => {
    const everyBytes = numberOf(argument, 20_000)
    let untilNext = everyBytes / 2
    return { onConsoleBytes: (bytes) => {
      untilNext -= bytes.length
      const at = untilNext > 0 ? -1 : bytes.findIndex((byte, index) => index >= 10 && byte >= 0x30 && byte <= 0x39)
      if (at < 0) return undefined
      untilNext = everyBytes * (0.5 + random())
      return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))
    } }
  } },
  { name: 'console-word', sentence: 'The last letter of TEXT (login) on the console is once another one', times: once, make: (argument = 'login') => {
    const wanted = new TextEncoder().encode(argument)
    return { onConsoleBytes: (bytes) => {
      const at = bytes.findIndex((_, index) => wanted.every((byte, offset) => bytes[index + offset] === byte))
      return at < 0 ? undefined : bytes.map((byte, index) => (index === at + wanted.length - 1 ? byte ^ 1 : byte))
    } }
  } },
  { name: 'pod-oom', sentence: 'The pod refuses every upload for want of memory, although it reports room', make: () => ({ onStage: () => 'oom' }) },
  { name: 'pod-slots', sentence: 'The pod keeps only N (2) staged files', make: (argument) => ({ maxFiles: () => numberOf(argument, 2) }) },
  { name: 'stale-staged-files', sentence: 'Files of an aborted run fill the memory of the pod', make: () => ({ leftovers: () => [
    { name: 'leftover-rootfs', lengthBytes: 4 * 1024 * 1024 },
    // 256 KiB stay free, as after a real aborted restore.
    { name: 'leftover-kernel', lengthBytes: psramBytes - 4 * 1024 * 1024 - 256 * 1024 },
  ] }) },
  { name: 'fastboot-fails', sentence: 'The boot ROM stops answering in PHASE (prestep0)', make: (argument = 'prestep0') => {
    const phase = fastbootPhases.find((each) => each === argument)
    if (!phase) throw refuse(`fastboot-fails knows the phases ${fastbootPhases.join(', ')}`)
    return { onFastbootPhase: (entered) => (entered === phase ? `${phase.toUpperCase()} HEAD` : undefined) }
  } },
  { name: 'pod-restarts', sentence: 'The pod restarts once while it uploads to the boot ROM: its answer never comes, its files are gone, and the camera has no power', times: once, make: () => ({ onFastboot: () => 'restarts' }) },
  { name: 'power-cut-mid-write', sentence: 'The camera loses power once, in the middle of an sf write (of the one that covers OFFSET)', times: once, make: (argument) => {
    const covered = argument === undefined ? undefined : numberOf(argument, 0)
    return { onFlashWrite: (offsetBytes, lengthBytes) =>
      (covered === undefined || (covered >= offsetBytes && covered < offsetBytes + lengthBytes) ? Math.ceil(lengthBytes / 2) : undefined) }
  } },
  { name: 'no-crc32', sentence: 'This U-Boot was built without the crc32 command', make: () => ({
    onCommand: ([name]) => (name === 'crc32' ? { text: "Unknown command 'crc32' - try 'help'\n", exitCode: 1 } : undefined),
  }) },
  { name: 'no-tftpput', sentence: 'This U-Boot was built without the tftpput command', make: () => ({
    onCommand: ([name]) => (name === 'tftpput' ? { text: "Unknown command 'tftpput' - try 'help'\n", exitCode: 1 } : undefined),
  }) },
  { name: 'command-error', sentence: 'COMMAND (sf-erase) prints its error text and does nothing', make: (argument = 'sf-erase') => {
    const wanted = argument.split(/[-_ ]/)
    return { onCommand: (words) => (wanted.every((word, index) => words[index] === word) ? answerOfFailedCommand(words) : undefined) }
  } },
  { name: 'command-silent', sentence: 'COMMAND (nand-info) prints nothing and returns 0', make: (argument = 'nand-info') => {
    const wanted = argument.split(/[-_ ]/)
    return { onCommand: (words) => (wanted.every((word, index) => words[index] === word) ? { text: '', exitCode: 0 } : undefined) }
  } },
  { name: 'no-prompt', sentence: 'U-Boot prints its banner and never a prompt', make: () => ({ onPrompt: () => 'silent' }) },
  { name: 'boot-loop', sentence: 'The kernel panics at once and the banners repeat without a login', make: () => ({ onKernelStart: () => 'panic' }) },
  { name: 'read-back-stale', sentence: 'sf read says OK and leaves the RAM as it was', make: () => ({ onFlashRead: () => 'stale' }) },
  { name: 'flash-read-unsteady', sentence: 'Every other sf read that covers OFFSET (0x100) has one wrong bit there', make: (argument) => {
    const wrongOffset = numberOf(argument, 0x100)
    let reads = 0
    return { onFlashRead: (offsetBytes, lengthBytes) =>
      (wrongOffset >= offsetBytes && wrongOffset < offsetBytes + lengthBytes && (reads += 1) % 2 === 1 ? { wrongOffset } : undefined) }
  } },
  { name: 'nand-bad-block', sentence: 'The NAND has bad blocks with the numbers N (81), or N,M,…', make: (argument = '81') => {
    const numbers = argument.split(',').map((each) => numberOf(each, 0))
    return { badBlocks: () => numbers }
  } },
  { name: 'nand-page-wrong', sentence: 'The NAND page at OFFSET (0x200000) takes one bit that no ECC corrects, and says nothing', make: (argument) => {
    const wrongPage = numberOf(argument, 0x200000) & ~0x7ff
    return { onNandProgram: (offsetBytes, page) => (offsetBytes === wrongPage ? page.map((byte, index) => (index === 7 ? byte ^ 0x10 : byte)) : undefined) }
  } },
  { name: 'nand-erase-fails', sentence: 'The NAND block at OFFSET (0x200000) is not erased, and nand erase says OK at its end', make: (argument) => {
    const wrongBlock = numberOf(argument, 0x200000)
    return { onNandErase: (offsetBytes) => (offsetBytes === wrongBlock ? 'fails' : undefined) }
  } },
  { name: 'nand-erase-lies', sentence: 'The NAND block at OFFSET (0x200000) is not erased, and nothing says so', make: (argument) => {
    const wrongBlock = numberOf(argument, 0x200000)
    return { onNandErase: (offsetBytes) => (offsetBytes === wrongBlock ? 'lies' : undefined) }
  } },
  { name: 'ubi-no-space', sentence: 'UBI has no room for another volume', make: () => ({ onUbiCreate: () => 'no-space' }) },
  { name: 'saveenv-lies', sentence: 'saveenv says done and leaves the flash as it was', make: () => ({ onSaveenv: () => 'lies' }) },
  { name: 'saveenv-fails', sentence: 'saveenv cannot write the flash', make: () => ({ onSaveenv: () => 'fails' }) },
  { name: 'environment-in-nand', sentence: 'U-Boot keeps its variables in the NAND', make: () => ({ environmentIn: () => 'nand' }) },
  { name: 'pod-busy-while-uart', sentence: 'The pod answers 503 busy to every file request while it uploads to the boot ROM', make: () => ({
    onStoreRequest: (fastbootRuns) => (fastbootRuns ? 'busy' : undefined),
  }) },
  { name: 'autoboot-missed', sentence: 'U-Boot does not hear Ctrl-C during its first autoboot countdown', times: once, make: () => ({ onAutoboot: () => 'deaf' }) },
  { name: 'silent-after-reset', sentence: 'Nothing comes from the console after reset', make: () => ({ onReset: () => 'silent' }) },
  { name: 'wrong-flash-size', sentence: 'The flash chip has MB (8) MiB, whatever the rack says', make: (argument) => ({ flashBytes: () => Math.max(1, Math.floor(numberOf(argument, 8))) * 1024 * 1024 }) },
  { name: 'flash-slow', sentence: 'Erasing and programming the flash take FACTOR (20) times as long, as in an old chip', make: (argument) => ({ flashSlowness: () => Math.max(1, numberOf(argument, 20)) }) },
  { name: 'ram-survives', sentence: 'The RAM keeps its contents while the power is off, as cold DRAM does for seconds', make: () => ({ ramSurvives: () => true }) },
  { name: 'bridge-idle', sentence: 'The UART bridge closes after SECONDS (5) without a byte from the host', make: (argument) => ({ bridgeIdleMs: () => numberOf(argument, 5) * 1000 }) },
  { name: 'http-slow', sentence: 'Every answer of the pod takes SECONDS (4) longer', make: (argument) => ({ onHttpRequest: () => numberOf(argument, 4) * 1000 }) },
  { name: 'unknown-chip-answers', sentence: 'The camera says that it is another chip (hi3518ev200)', make: (argument = 'hi3518ev200') => ({ socName: () => argument }) },
  { name: 'vendor-probe', sentence: 'sf probe answers as a vendor\'s build does, with the JEDEC ID (c22018) of the flash', make: (argument = 'c22018') => ({ probedId: () => argument }) },
  { name: 'own-uboot', sentence: 'The camera starts its own U-Boot, VERSION (2010.06), whatever was loaded', make: (argument = '2010.06') => ({ ubootVersion: () => `U-Boot ${argument} (Jan 07 2019 - 09:12:33)` }) },
  { name: 'picture-silent', sentence: 'The web server of the camera takes a request for its picture and never answers', make: () => ({ onSnapshot: () => 'silent' }) },
  { name: 'picture-endless', sentence: 'The web server of the camera sends 50 MiB instead of a picture', make: () => ({ onSnapshot: () => 'endless' }) },
  { name: 'picture-text', sentence: 'The web server of the camera answers with a page instead of a picture', make: () => ({ onSnapshot: () => 'text' }) },
  { name: 'agent-mute', sentence: 'A flash agent that was loaded says nothing: the memory was set up for another board', make: () => ({ onAgent: () => ({ mute: true }) }) },
  { name: 'agent-ignores-erase', sentence: 'The flash is locked: erasing by a flash agent does nothing and is reported as done', make: () => ({ onAgent: () => ({ ignoresErase: true }) }) },
  { name: 'agent-flash-kind', sentence: 'A flash agent says that the flash is KIND (nand), or emmc', make: (argument) => ({ onAgent: () => ({ flashKind: argument === 'emmc' ? 'emmc' : 'nand' }) }) },
  { name: 'agent-flash-size', sentence: 'A flash agent says that the flash has MB (2048) MiB', make: (argument) => ({ onAgent: () => ({ flashBytes: Math.max(1, Math.floor(numberOf(argument, 2048))) * 1024 * 1024 }) }) },
  { name: 'agent-loses-packets', sentence: 'PERCENT (5) of the packets with flash contents get lost on their way from a flash agent', make: (argument) => ({ onAgent: () => ({ readLoss: numberOf(argument, 5) / 100 }) }) },
  { name: 'flash-sector-dead', sentence: 'The flash sectors N (40), or N,M,…, cannot be read by a flash agent', make: (argument = '40') => {
    const sectors = argument.split(',').map((each) => numberOf(each, 0))
    return { deadSectors: () => sectors }
  } },
  { name: 'flash-sector-unstable', sentence: 'The flash sectors N (90), or N,M,…, read differently each time to a flash agent', make: (argument = '90') => {
    const sectors = argument.split(',').map((each) => numberOf(each, 0))
    return { unstableSectors: () => sectors }
  } },
]

/** Every fault with one sentence for a person. */
export const listFaults = (): { readonly name: string; readonly sentence: string }[] => faultKinds.map(({ name, sentence }) => ({ name, sentence }))

export interface Fault {
  /** `undefined`: every pod. */
  readonly podId: string | undefined
  readonly behaviour: SimBehaviour
  readonly times: number | undefined
}

/** `NAME[:ARGUMENT][#TIMES][@POD]`, for example `flash-page-wrong:0x60000#1@pod-2`. Throws `input/malformed`. */
export function parseFault(text: string, random: () => number): Fault {
  const { name, argument, times, pod } = /^(?<name>[a-z0-9-]+)(?::(?<argument>[^#@]+))?(?:#(?<times>\d+))?(?:@(?<pod>[\w.-]+))?$/.exec(text)?.groups ?? {}
  const kind = faultKinds.find((each) => each.name === name)
  if (!kind) throw refuse(`There is no fault "${text.slice(0, 60)}"`)
  return { podId: pod, behaviour: kind.make(argument, random), times: times === undefined ? kind.times : Number(times) }
}

function garbage(everyBytes: number, random: () => number): SimBehaviour {
  let untilNext = everyBytes / 2
  return { onConsoleBytes: (bytes) => {
    untilNext -= bytes.length
    if (untilNext > 0) return undefined
    untilNext = everyBytes * (0.5 + random())
    const at = Math.floor(random() * (bytes.length + 1))
    return Uint8Array.from([...bytes.subarray(0, at), Math.floor(random() * 256), ...bytes.subarray(at)])
  } }
}

function numberOf(argument: string | undefined, otherwise: number): number {
  if (argument === undefined) return otherwise
  const value = Number(argument)
  if (!Number.isFinite(value) || value < 0) throw refuse(`"${argument.slice(0, 20)}" is not a number`)
  return value
}

const refuse = (why: string): WorkbenchError =>
  new WorkbenchError('input/malformed', why, { hint: 'List the faults to see their names and arguments' })
