import { defaultEnvironment, encodeEnvironment, environmentBytes, environmentOffset, nandHome, norHome } from '../environment.ts'
import { blockBytes } from '../memory.ts'
import { type UbootCommand, type UbootMachine, usage } from '../ubootMachine.ts'

export const setenv: UbootCommand = async ([, name, ...values], machine) => {
  if (name === undefined) return usage(machine, 'setenv', 'set environment variables\n\nUsage:\nsetenv name [value ...]')
  if (name.includes('=')) {
    machine.say(`## Error: illegal character '=' in variable name "${name}"\n`)
    return 1
  }
  if (values.length === 0) machine.environment.delete(name)
  else machine.environment.set(name, values.join(' '))
  return 0
}

export const printenv: UbootCommand = async ([, ...names], machine) => {
  const { environment } = machine
  if (names.length > 0) {
    let exitCode = 0
    for (const name of names) {
      const value = environment.get(name)
      if (value === undefined) exitCode = 1
      machine.say(value === undefined ? `## Error: "${name}" not defined\n` : `${name}=${value}\n`)
    }
    return exitCode
  }
  // The listing of all escapes what would end an entry; that of one name does not.
  const lines = [...environment].map(([name, value]) => `${name}=${value.replaceAll(/[\\\n]/g, (each) => `\\${each}`)}\n`).sort()
  const usedBytes = lines.reduce((sum, line) => sum + line.length, 1)
  machine.say(`${lines.join('')}\nEnvironment size: ${usedBytes}/${environmentBytes - 4} bytes\n`)
  return 0
}

export const homeOf = ({ flash, nand, behaviours }: UbootMachine): ReturnType<typeof norHome> =>
  (nand && behaviours.ask('environmentIn') === 'nand' ? nandHome(nand) : norHome(flash))

/** Probes the chip for itself and leaves `sf` without a selection, as the real one does. */
export const saveenv: UbootCommand = async (_words, machine) => {
  const home = homeOf(machine)
  machine.say(`Saving Environment to ${home.name}...\n`)
  const image = encodeEnvironment(machine.environment)
  if (!image) {
    machine.say('Environment export error: errno = 28\n')
    return 1
  }
  const inNand = home.name === 'NAND'
  machine.say(inNand ? 'Erasing NAND...\n' : 'Erasing SPI flash...')
  await machine.pause(machine.timing.eraseBlockMs)
  const odd = machine.behaviours.ask('onSaveenv')
  machine.say(inNand ? 'Writing to NAND... ' : 'Writing to SPI flash...')
  await machine.pause((blockBytes / 1024) * machine.timing.programKibMs)
  if (odd === 'fails') {
    machine.say(inNand ? 'FAILED!\n' : 'SPI flash write failed\n')
    return 1
  }
  machine.touchFlash()
  if (odd !== 'lies') home.write(image)
  machine.say(inNand ? 'OK\n' : 'done\n')
  return 0
}

/** The one sub-command that people use. */
export const env: UbootCommand = async (words, machine) => {
  if (words[1] !== 'default' || !words.includes('-a')) return usage(machine, 'env', 'environment handling commands\n\nUsage:\nenv default [-f] -a - [forcibly] reset default environment')
  machine.say('## Resetting to default environment\n')
  machine.environment.clear()
  for (const [name, value] of defaultEnvironment(machine.soc, machine.flash.cells.length / 1024 / 1024)) machine.environment.set(name, value)
  return 0
}

export const mtdparts: UbootCommand = async (_words, machine) => {
  const text = machine.environment.get('mtdparts')
  if (text === undefined) {
    machine.say('mtdparts variable not set, see \'help mtdparts\'\n')
    return 1
  }
  const [device = '', list = ''] = text.replace(/^mtdparts=/, '').split(':')
  machine.say(`\ndevice nor0 <${device}>, # parts = ${list.split(',').length}\n #: name\t\tsize\t\toffset\t\tmask_flags\n`)
  let offset = 0
  for (const [index, part] of list.split(',').entries()) {
    const { size = '-', unit = '', name = '' } = /^(?<size>-|0x[0-9a-f]+|\d+)(?<unit>[kKmM]?)\((?<name>[^)]*)\)/.exec(part)?.groups ?? {}
    const factor = unit.toLowerCase() === 'k' ? 1024 : unit.toLowerCase() === 'm' ? 1024 * 1024 : 1
    const lengthBytes = size === '-' ? machine.flash.cells.length - offset : Number(size) * factor
    const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`
    machine.say(` ${index}: ${name.padEnd(20)}${hex(lengthBytes)}\t${hex(offset)}\t0\n`)
    offset += lengthBytes
  }
  machine.say(`\nactive partition: nor0,0 - (boot) at 0x0, environment at 0x${environmentOffset.toString(16)}\n`)
  return 0
}
