import { orAborted } from '../../shared/lifecycle/signals.ts'
import { ubootBanner } from './bootText.ts'
import { homeOf } from './commands/environmentCommands.ts'
import { decodeEnvironment, defaultEnvironment, encodeEnvironment } from './environment.ts'
import { LeaveUboot, type UbootMachine } from './ubootMachine.ts'
import { runLine, runShell } from './ubootShell.ts'

/** From the banner to the end of this U-Boot. */
export async function runUboot(machine: UbootMachine): Promise<'reset' | 'linux'> {
  await machine.pause(machine.timing.ubootStartMs)
  machine.say(ubootBanner(machine.soc, machine.flash.cells.length / 1024 / 1024, machine.behaviours.ask('ubootVersion')))
  loadEnvironment(machine)
  machine.say('In:    serial\nOut:   serial\nErr:   serial\nNet:   eth0\n')
  try {
    await autobootOrShell(machine)
  } catch (error) {
    if (error instanceof LeaveUboot) return error.to
    throw error
  }
  return 'reset'
}

function loadEnvironment(machine: UbootMachine): void {
  const home = homeOf(machine)
  const image = home.stored()
  const stored = decodeEnvironment(image)
  const erased = image.subarray(0, 4).every((byte) => byte === 0xff)
  const variables = stored ?? defaultEnvironment(machine.soc, machine.flash.cells.length / 1024 / 1024)
  for (const [name, value] of variables) machine.environment.set(name, value)
  if (stored) return
  if (!erased) {
    machine.say('*** Warning - bad CRC, using default environment\n\n')
    return
  }
  machine.say('Saving default environment...\n')
  machine.touchFlash()
  const defaults = encodeEnvironment(machine.environment)
  if (defaults) home.write(defaults)
}

async function autobootOrShell(machine: UbootMachine): Promise<void> {
  if (!await stopped(machine)) await runLine(machine.environment.get('bootcmd') ?? '', machine)
  await machine.drained()
  if (machine.behaviours.ask('onPrompt') === 'silent') await orAborted(new Promise<never>(() => undefined), machine.signal)
  await runShell(machine)
}

/** Only Ctrl-C stops it; it may have been typed before the line was printed. */
async function stopped(machine: UbootMachine): Promise<boolean> {
  const units = Number(machine.environment.get('bootdelay') ?? 1)
  if (!(units >= 0)) return true
  const deaf = machine.behaviours.ask('onAutoboot') === 'deaf'
  machine.say(`Press Ctrl-c to stop autoboot... ${units} \n`)
  await machine.drained()
  const endMs = machine.clock.nowMs() + units * machine.timing.autobootSecondMs
  for (;;) {
    if (machine.keyboard.takeInterrupt() && !deaf) return true
    if (machine.clock.nowMs() >= endMs) return false
    await machine.pause(Math.min(25, endMs - machine.clock.nowMs()))
  }
}
