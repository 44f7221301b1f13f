import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { oneOf, quoted, wholeNumber } from './arguments.ts'

/** Where the camera is reached and who switches its power. */
export interface PowerChoice {
  readonly url: string
  /** `environment`: the switch that the DEFIB_ variables name; they are read when the camera is added, before anything is touched. */
  readonly power: 'rack' | 'environment' | 'manual'
  /** What was understood, where it is not plain from the flags. */
  readonly notes: readonly string[]
}

export interface PowerWish {
  readonly port: string
  readonly powerCycle: boolean
  readonly poePort: string | undefined
  readonly tftpVia: 'auto' | 'pod' | 'host'
  readonly environment: Readonly<Record<string, string | undefined>>
}

const types = ['routeros', 'vectis', 'rack', 'tasmota', 'pdudaemon', 'command'] as const
const defaultApiPort = '8080'

const conflict = (message: string, hint: string): WorkbenchError => new WorkbenchError('input/conflict', message, { hint })
const notYet = (message: string, hint: string): WorkbenchError => new WorkbenchError('input/not-supported', message, { hint })

/** One source decides: an address that names a pod and a variable that names another are refused, not weighed. */
export function choosePower(wish: PowerWish): PowerChoice {
  const { port, environment, powerCycle, tftpVia, poePort } = wish
  const isRackUrl = /^rack:\/\//i.test(port.trim())
  const given = environment['DEFIB_POWER_TYPE']?.trim().toLowerCase()
  const type = given === undefined || given === '' ? undefined : oneOf('DEFIB_POWER_TYPE', given, types)
  const rackHost = environment['DEFIB_RACK_HOST']?.trim() ?? ''
  const rackPort = readRackPort(environment['DEFIB_RACK_PORT'])
  const notes: string[] = []
  if (poePort !== undefined) notes.push(powerCycle && !isRackUrl && type !== 'rack' ? '' : '--poe-port has no effect here: a rack pod has one camera, and without --power-cycle no switch is asked')
  if (isRackUrl) {
    if (type !== undefined && type !== 'rack' && powerCycle) {
      throw conflict(`The port is a rack pod and DEFIB_POWER_TYPE is ${type}`, 'Take DEFIB_POWER_TYPE away, or set it to rack')
    }
    const url = port.trim()
    const named = /^rack:\/\/(\[[^\]]*\]|[^:/?]*)/i.exec(url)?.[1] ?? ''
    if (rackHost !== '' && bare(rackHost) !== bare(named)) {
      throw conflict(`The port names the pod ${quoted(named)} and DEFIB_RACK_HOST names ${quoted(rackHost)}`, 'Name the pod once: take DEFIB_RACK_HOST away, or make both the same')
    }
    const api = new URLSearchParams(url.split('?')[1] ?? '').get('api')
    if (rackPort !== undefined && api !== null && api !== rackPort) {
      throw conflict(`The port names the HTTP port ${quoted(api)} and DEFIB_RACK_PORT names ${rackPort}`, 'Name it once')
    }
    if (!powerCycle) notes.push('The pod switches the camera off and on by itself to start its boot ROM; --power-cycle is implied by rack://')
    const isNamed = rackPort === undefined || rackPort === defaultApiPort || api !== null
    return { url: isNamed ? url : `${url}${url.includes('?') ? '&' : '?'}api=${rackPort}`, power: 'rack', notes: shown(notes) }
  }
  const effective = type ?? (powerCycle ? 'routeros' : undefined)
  if (tftpVia === 'pod' && effective !== 'rack') {
    throw conflict('--tftp-via pod needs a rack pod', 'Use -p rack://HOST, or set DEFIB_POWER_TYPE=rack and DEFIB_RACK_HOST')
  }
  if (effective === 'rack' && (powerCycle || tftpVia === 'pod')) return rackByVariables(port.trim(), rackHost, rackPort, shown(notes))
  if (powerCycle && type === undefined) notes.push('--power-cycle without DEFIB_POWER_TYPE means a RouterOS switch')
  if (powerCycle) return { url: port.trim(), power: 'environment', notes: shown(notes) }
  return { url: port.trim(), power: 'manual', notes: shown(notes) }
}

/** The published tool's other way: `-p tcp://POD:9000` with the pod named once more in the environment. */
function rackByVariables(port: string, rackHost: string, rackPort: string | undefined, notes: readonly string[]): PowerChoice {
  if (rackHost === '') throw new WorkbenchError('input/not-found', 'DEFIB_POWER_TYPE is rack and DEFIB_RACK_HOST is not set', { hint: 'Set DEFIB_RACK_HOST, or use -p rack://HOST' })
  const line = /^tcp:\/\/(.+):(\d+)$/i.exec(port)
  if (!line) throw notYet(`A rack pod with its console on ${quoted(port)} is not supported yet`, 'Use the console of the same pod: -p rack://HOST')
  const [, host = '', bridge = ''] = line
  if (bare(host) !== bare(rackHost)) {
    throw conflict(`The port names the pod ${quoted(host)} and DEFIB_RACK_HOST names ${quoted(rackHost)}`, 'Make both the same, or use -p rack://HOST alone')
  }
  return { url: `rack://${host}:${bridge}${rackPort === undefined ? '' : `?api=${rackPort}`}`, power: 'rack', notes }
}

const shown = (notes: readonly string[]): readonly string[] => notes.filter((note) => note !== '')
const bare = (host: string): string => host.toLowerCase().replaceAll(/^\[|\]$|\.$/g, '')

function readRackPort(given: string | undefined): string | undefined {
  const text = given?.trim() ?? ''
  return text === '' ? undefined : String(wholeNumber('DEFIB_RACK_PORT', text, 1, 65_535))
}
