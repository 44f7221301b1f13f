import { bdinfo, bootm, echo, reset, sleepCommand, version } from './commands/bootCommands.ts'
import { env, mtdparts, printenv, saveenv, setenv } from './commands/environmentCommands.ts'
import { mmcCommand } from './commands/emmcCommands.ts'
import { sf } from './commands/flashCommands.ts'
import { cmp, cp, crc32Command, md, mw } from './commands/memoryCommands.ts'
import { ping, tftpboot, tftpput } from './commands/networkCommands.ts'
import { nandCommand } from './commands/nandCommands.ts'
import { sayNandTable, ubiCommand } from './commands/ubiCommands.ts'
import type { UbootCommand, UbootMachine } from './ubootMachine.ts'
import { expandWords, parseLine } from './ubootParser.ts'

interface CommandEntry {
  readonly run: UbootCommand
  readonly help: string
}

const runCommand: UbootCommand = async ([, ...names], machine) => {
  for (const name of names) {
    const text = machine.environment.get(name)
    if (text === undefined) {
      machine.say(`## Error: "${name}" not defined\n`)
      return 1
    }
    if (await runLine(text, machine) !== 0) return 1
  }
  return 0
}

const help: UbootCommand = async ([, name], machine) => {
  const entries = name === undefined ? Object.entries(commands).sort(([a], [b]) => (a < b ? -1 : 1)) : Object.entries(commands).filter(([each]) => each === name)
  if (entries.length === 0) {
    machine.say(`Unknown command '${name ?? ''}' - try 'help' without arguments for list of all known commands\n\n`)
    return 1
  }
  for (const [each, entry] of entries) machine.say(`${each.padEnd(8)}- ${entry.help}\n`)
  return 0
}

// `tftp` is missing on purpose: in the builds that matter it is ambiguous with `tftpput` and therefore unknown.
const commands: Readonly<Record<string, CommandEntry>> = {
  '?': { run: help, help: "alias for 'help'" },
  bdinfo: { run: bdinfo, help: 'print Board Info structure' },
  boot: { run: async (_words, machine) => runCommand(['run', 'bootcmd'], machine), help: "boot default, i.e., run 'bootcmd'" },
  bootm: { run: bootm, help: 'boot application image from memory' },
  cmp: { run: cmp, help: 'memory compare' },
  cp: { run: cp, help: 'memory copy' },
  crc32: { run: crc32Command, help: 'checksum calculation' },
  echo: { run: echo, help: 'echo args to console' },
  env: { run: env, help: 'environment handling commands' },
  false: { run: async () => 1, help: 'do nothing, unsuccessfully' },
  help: { run: help, help: 'print command description/usage' },
  md: { run: md, help: 'memory display' },
  mtdparts: { run: async (words, machine) => (sayNandTable(machine) ? 0 : mtdparts(words, machine)), help: 'define flash/nand partitions' },
  mw: { run: mw, help: 'memory write (fill)' },
  ping: { run: ping, help: 'send ICMP ECHO_REQUEST to network host' },
  printenv: { run: printenv, help: 'print environment variables' },
  reset: { run: reset, help: 'Perform RESET of the CPU' },
  run: { run: runCommand, help: 'run commands in an environment variable' },
  saveenv: { run: saveenv, help: 'save environment variables to persistent storage' },
  setenv: { run: setenv, help: 'set environment variables' },
  sf: { run: sf, help: 'SPI flash sub-system' },
  sleep: { run: sleepCommand, help: 'delay execution for some time' },
  tftpboot: { run: tftpboot, help: 'boot image via network using TFTP protocol' },
  tftpput: { run: tftpput, help: 'TFTP put command, for uploading files to a server' },
  true: { run: async () => 0, help: 'do nothing, successfully' },
  version: { run: version, help: 'print monitor, compiler and linker version' },
}

/** Of builds for other flash. */
const commandsOf = ({ nand, emmc }: UbootMachine): Readonly<Record<string, CommandEntry>> => ({
  ...(nand ? { nand: { run: nandCommand, help: 'NAND sub-system' }, ubi: { run: ubiCommand, help: 'ubi commands' } } : {}),
  ...(emmc ? { mmc: { run: mmcCommand, help: 'MMC sub system' } } : {}),
})

/** Result: the exit code of the last command. Rejects with `LeaveUboot` when there is no way back. */
export async function runLine(line: string, machine: UbootMachine): Promise<number> {
  const parsed = parseLine(line)
  if (!parsed.ok) {
    machine.say('syntax error\n')
    machine.state.lastExitCode = 1
    return 1
  }
  for (const { after, words } of parsed.commands) {
    const succeeded = machine.state.lastExitCode === 0
    if ((after === '&&' && !succeeded) || (after === '||' && succeeded)) continue
    const expanded = expandWords(words, (name) => (name === '?' ? String(machine.state.lastExitCode) : machine.environment.get(name) ?? ''))
    if (expanded.length > 0) machine.state.lastExitCode = await runOne(expanded, machine)
    if (machine.state.lastExitCode < -1) {
      // hush takes such a return code for a wish to leave, and drops the rest of the line.
      machine.say('exit not allowed from main input shell.\n')
      machine.state.lastExitCode = -machine.state.lastExitCode - 2
      return machine.state.lastExitCode
    }
    // Ctrl-C stops the command that looks for it; the rest of the line goes on, as in hush.
    await machine.drained()
  }
  return machine.state.lastExitCode
}

async function runOne(words: readonly string[], machine: UbootMachine): Promise<number> {
  const [name = ''] = words
  machine.record(words.join(' '))
  const odd = machine.behaviours.ask('onCommand', words)
  if (odd) {
    machine.say(odd.text)
    return odd.exitCode
  }
  // `md.b` is `md` with a width.
  const entry = Object.hasOwn(commands, name) ? commands[name] : /^(md|mw|cp|cmp)\.[bwl]$/.test(name) ? commands[name.slice(0, -2)] : commandsOf(machine)[name]
  if (!entry) {
    machine.say(`Unknown command '${name}' - try 'help'\n`)
    return 1
  }
  return entry.run(words, machine)
}

export const promptText = 'OpenIPC # '
const longestLine = 1024

/** Prompt, echo, run, for as long as there is power. */
export async function runShell(machine: UbootMachine): Promise<never> {
  for (;;) {
    machine.say(promptText)
    const line = await readLine(machine)
    if (line === undefined) continue
    await runLine(line, machine)
    await machine.drained()
  }
}

/** One edited line with its echo; `undefined` after Ctrl-C. */
async function readLine(machine: UbootMachine): Promise<string | undefined> {
  let line = ''
  for (;;) {
    const key = machine.keyboard.poll() ?? await machine.keyboard.next(machine.signal)
    if (key === 0x0d || key === 0x0a) {
      machine.say('\n')
      return line
    }
    if (key === 0x03) {
      machine.say('<INTERRUPT>\n')
      return undefined
    }
    if ((key === 0x08 || key === 0x7f) && line.length > 0) {
      line = line.slice(0, -1)
      machine.say('\b \b')
    } else if (key === 0x15) {
      machine.say('\b \b'.repeat(line.length))
      line = ''
    } else if (key >= 0x20 && key < 0x7f) {
      const fits = line.length < longestLine - 1
      if (fits) line += String.fromCharCode(key)
      machine.say(fits ? String.fromCharCode(key) : '\x07')
    }
  }
}
