import { isAbsolute, resolve } from 'node:path'
import type { FleetAgentRequest } from '../../../composition/fleetAgentService.ts'
import { fleetUuidSchema } from '../../../../shared/fleet/command.schema.ts'
import { type Flags, helpOf, parseFlags, quoted, usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag, type Teller } from '../output/events.ts'

const flags: Flags = {
  'broker': { type: 'string', value: 'URL', help: 'mqtt://HOST:PORT or mqtts://HOST:PORT' },
  'client': { type: 'string', value: 'UUID', help: 'who this screen is' },
  'state': { type: 'string', value: 'FILE', help: 'what it did already; survives crashes and power cuts' },
  'helper': { type: 'string', value: 'PROGRAM', help: 'full path of the program that reboots or stops this computer; mock: none' },
  'sudo': { type: 'boolean', help: 'call the helper through sudo, whose rule has to allow it' },
  'service-failed': { type: 'string', value: 'UNIT', help: 'run nothing; leave an alert at the broker that systemd gave UNIT up (for its failure hook)' },
  'tls-ca': { type: 'string', value: 'FILE', help: 'who vouches for the broker' },
  'tls-cert': { type: 'string', value: 'FILE', help: 'certificate of this screen' },
  'tls-key': { type: 'string', value: 'FILE', help: 'its key' },
  'boot-id': { type: 'string', value: 'FILE', help: 'where the kernel says which start this is (default /proc/sys/kernel/random/boot_id)' },
  'output': outputFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

const summary = [
  'On a screen: takes reboot_host and shutdown_host from the fleet\'s broker, each at most once, and says what became of it. Until SIGTERM or SIGINT.',
  'The login at the broker is in MQTT_USER and MQTT_PASSWORD_BROKER. COMMAND_MOCK_REBOOT_IMMEDIATE_COMPLETE=1 calls a reboot by the mock helper complete at once.',
].join('\n')

const own = ['--broker', '--client', '--state', '--helper', '--service-failed']
/** The same first word as for flash agents; its flags say which of the two is meant. */
export const isFleetAgent = (argv: readonly string[]): boolean => argv.some((each) => own.some((name) => each === name || each.startsWith(`${name}=`)))

export async function fleetAgentCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('agent --broker URL', flags, argv)
  if (given.has('help')) {
    helpOf('agent --broker URL --client UUID --state FILE --helper PROGRAM [flags]', summary, flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const needed = (name: string): string => {
    const value = given.text(name)
    if (value === undefined) throw usage(`--${name} is missing`, 'rackbench agent --broker URL --client UUID --state FILE --helper PROGRAM')
    return value
  }
  const { say, done } = createTeller(deps.out, isJson(given))
  const line = {
    broker: brokerUrl(needed('broker')), client: clientUuid(needed('client')), environment: deps.environment, log: deps.err.line,
    tls: { ca: given.text('tls-ca'), cert: given.text('tls-cert'), key: given.text('tls-key') },
  }
  const unit = given.text('service-failed')
  if (unit !== undefined) {
    const surplus = ['state', 'helper', 'sudo', 'boot-id'].find((name) => given.has(name))
    if (surplus !== undefined) throw usage(`--${surplus} has no meaning with --service-failed`)
    if (!/^[\w@:.\\-]{1,256}$/.test(unit)) throw usage(`--service-failed ${quoted(unit)} is no name of a unit`)
    await deps.tellServiceFailed({ ...line, unit }, deps.interrupt.signal)
    return done(exitCodes.success, { unit }, `The broker keeps the alert for ${unit}`)
  }
  const helper = needed('helper')
  if (helper !== 'mock' && !isAbsolute(helper)) throw usage(`--helper ${quoted(helper)} is no full path`, 'One fixed program restarts this computer, wherever the agent is started')
  if (given.has('sudo') && helper === 'mock') throw usage('--sudo has no meaning for the mock helper')
  await deps.runFleetAgent({
    ...line, statePath: resolve(needed('state')), helper, sudo: given.has('sudo') ? '/usr/bin/sudo' : undefined, bootIdPath: given.text('boot-id'), tell: tellerOf(say),
  }, deps.interrupt.signal)
  return done(exitCodes.success, {}, '')
}

function brokerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['mqtt:', 'mqtts:'].includes(url.protocol) || url.hostname === '') throw usage(`--broker ${quoted(text)} is no mqtt:// or mqtts:// address`)
  // It would stand in the list of processes.
  if (url.username !== '' || url.password !== '') throw usage('The address of the broker holds a login', 'It belongs into MQTT_USER and MQTT_PASSWORD_BROKER')
  return text
}

function clientUuid(text: string): string {
  const parsed = fleetUuidSchema.safeParse(text)
  if (!parsed.success) throw usage(`--client ${quoted(text)} is no UUID in lower case`)
  return parsed.data
}

const tellerOf = (say: Teller['say']): FleetAgentRequest['tell'] => ({ event, ...facts }) => {
  const words = Object.entries(facts).map(([name, value]) => `${name} ${String(value)}`).join(', ')
  say(event, facts, words === '' ? event : `${event}: ${words}`)
}
