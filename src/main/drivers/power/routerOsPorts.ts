import type { RouterOsConnection, Row } from './routerOsConnection.ts'
import { wattsOf } from './routerOsReading.ts'
import type { UnitPort } from '../../../shared/devices/portUnit.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** A chassis has a few hundred; more are a far end that makes them up. */
const mostPorts = 512
const uplinkWords = /\b(?:uplink|trunk|backbone|wan|router)\b/i

/** What a switch knows of what is plugged in; `undefined` where this model does not say. */
interface Behind {
  /** Distinct addresses behind each port. */
  readonly addresses: ReadonlyMap<string, number> | undefined
  /** Ports on which another switch or router announces itself. */
  readonly neighbours: ReadonlySet<string>
}

/** Every port of a switch, with what draws from it and what is behind it. Reads only. */
export async function lookAtRouterOsPorts(connection: RouterOsConnection, signal: AbortSignal): Promise<readonly UnitPort[]> {
  const ethernet = (await connection.ask(['/interface/ethernet/print'], signal, { isRepeatable: true })).filter((row) => (row.get('name') ?? '').trim() !== '').slice(0, mostPorts)
  const poe = await poeRows(connection, signal)
  const behind = await lookBehind(connection, signal)
  const ports: UnitPort[] = []
  for (const row of ethernet) {
    const name = row.get('name') ?? ''
    const own = poe.find((each) => each.get('name') === name)
    const reading = own && own.get('poe-out') !== 'off' ? await monitor(connection, own, signal) : undefined
    ports.push(told(row, own, reading, behind))
  }
  return ports
}

/** A switch without PoE refuses the question. */
export const poeRows = async (connection: RouterOsConnection, signal: AbortSignal): Promise<readonly Row[]> => await orNothing(connection, ['/interface/ethernet/poe/print'], signal) ?? []

async function lookBehind(connection: RouterOsConnection, signal: AbortSignal): Promise<Behind> {
  const hosts = await orNothing(connection, ['/interface/bridge/host/print'], signal)
  const neighbours = await orNothing(connection, ['/ip/neighbor/print'], signal)
  const addresses = new Map<string, Set<string>>()
  for (const row of hosts ?? []) {
    // The switch's own addresses are behind no port.
    if (row.get('local') === 'true') continue
    const port = row.get('on-interface') ?? row.get('interface') ?? ''
    addresses.set(port, (addresses.get(port) ?? new Set<string>()).add(row.get('mac-address') ?? ''))
  }
  return {
    addresses: hosts && new Map([...addresses].map(([port, all]) => [port, all.size])),
    neighbours: new Set((neighbours ?? []).flatMap((row) => (row.get('interface') ?? '').split(/[,/]/))),
  }
}

export async function orNothing(connection: RouterOsConnection, command: [string], signal: AbortSignal): Promise<readonly Row[] | undefined> {
  try {
    return await connection.ask(command, signal, { isRepeatable: true })
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'pod/refused') return undefined
    throw error
  }
}

export async function monitor(connection: RouterOsConnection, row: Row, signal: AbortSignal): Promise<Row> {
  const id = row.get('.id') ?? ''
  if (row.get('poe-out-status') !== undefined || id === '') return row
  try {
    const [reading] = await connection.ask(['/interface/ethernet/poe/monitor', `=numbers=${id}`, '=once='], signal, { isRepeatable: true })
    return reading ?? row
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'pod/refused') return row
    throw error
  }
}

function told(row: Row, poe: Row | undefined, reading: Row | undefined, behind: Behind): UnitPort {
  const port = row.get('name') ?? ''
  const comment = (row.get('comment') ?? '').slice(0, 200)
  const status = reading?.get('poe-out-status')
  const watts = reading && wattsOf(reading)
  const running = row.get('running')
  const link = running === 'true' ? 'up' as const : running === 'false' ? 'down' as const : undefined
  const isDrawing = status === undefined ? undefined : status === 'powered-on'
  const state = poe === undefined ? 'none' as const : poe.get('poe-out') === 'off' ? 'off' as const : isDrawing === undefined ? 'unknown' as const : 'on' as const
  const why = whyNeverCut({ port, comment, state, link, isDrawing, behind })
  return { port, comment, state, ...(watts === undefined ? {} : { watts }), ...(link === undefined ? {} : { link }), ...(why === undefined ? {} : { why }) }
}

interface Judged extends Pick<UnitPort, 'port' | 'comment' | 'state'> { readonly link: 'up' | 'down' | undefined; readonly isDrawing: boolean | undefined; readonly behind: Behind }

/** The way to the rest of the network first: that it has a load, too, is no reason to cut it. */
function whyNeverCut({ port, comment, state, link, isDrawing, behind: { addresses, neighbours } }: Judged): string | undefined {
  const count = addresses?.get(port) ?? 0
  if (uplinkWords.test(comment)) return 'its comment says that it leads to the network'
  if (neighbours.has(port)) return 'another switch or router is behind it'
  if (count > 1) return `${count} devices are behind it, so it leads to the network`
  if (state === 'none') return 'it has no PoE'
  if (state === 'off') return 'its PoE is off'
  if (isDrawing === false) return 'nothing draws power there'
  // Without a reading of the load, one single device behind an active link is all that speaks for a camera.
  if (isDrawing === undefined && (link !== 'up' || count !== 1)) return 'the switch does not tell whether a camera draws power there'
  return undefined
}
