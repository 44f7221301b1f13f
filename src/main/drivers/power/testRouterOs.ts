import { openRouterOs, type RouterOsConnection, type RouterOsPlace } from './routerOsConnection.ts'
import { createRouterOsPower } from './routerOsPower.ts'
import { matchComment } from '../../protocols/routeros/commentMatch.ts'
import type { SwitchReport } from '../../../shared/devices/switchReport.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

const testLimitMs = 30_000
/** A chassis has a few hundred; more are a far end that makes them up. */
const mostPorts = 512
const mostNamed = 12

export interface MeantPort {
  readonly ethernet?: string | undefined
  readonly comment?: string | undefined
}

/** Logs in and reads: who the switch is, its ports, and the state of the port that is meant. Never changes anything. */
export async function testRouterOs(place: RouterOsPlace, meant: MeantPort, clock: Clock, parent: AbortSignal): Promise<SwitchReport> {
  return withDeadline(clock, testLimitMs, `test of ${place.host}`, parent, async (signal) => {
    const connection = await openRouterOs(place, clock, signal)
    try {
      const [about] = await connection.ask(['/system/identity/print'], signal, { isRepeatable: true })
      const ports = await listPorts(connection, signal)
      const found = findPort(ports, meant)
      const report = { label: connection.label, identity: about?.get('name') ?? '', ports, question: 'question' in found ? found.question : '' }
      if ('question' in found) return report
      return { ...report, port: { ...found, state: await stateOf(connection, found.name, clock, signal) } }
    } finally {
      await connection.close()
    }
  })
}

async function listPorts(connection: RouterOsConnection, signal: AbortSignal): Promise<SwitchReport['ports']> {
  const rows = await connection.ask(['/interface/ethernet/print'], signal, { isRepeatable: true })
  return rows.slice(0, mostPorts).flatMap((row) => {
    const name = row.get('name') ?? ''
    return name === '' ? [] : [{ name: name.slice(0, 128), comment: (row.get('comment') ?? '').slice(0, 200) }]
  })
}

type Found = Pick<NonNullable<SwitchReport['port']>, 'name' | 'comment' | 'foundBy'> | { readonly question: string }

/** Never the first of several: the other one's camera may be in the middle of a write. */
function findPort(ports: SwitchReport['ports'], { ethernet, comment }: MeantPort): Found {
  if (ethernet !== undefined) {
    const port = ports.find(({ name }) => name === ethernet)
    return port ? { ...port, foundBy: 'name' } : { question: `There is no port "${ethernet}" on this switch. Which one is it?` }
  }
  if (comment === undefined) return { question: 'Which port feeds the camera?' }
  const match = matchComment(comment, ports)
  if ('port' in match) return { ...match.port, foundBy: match.kind === 'exact' ? 'comment' : 'similar comment' }
  if (match.kind === 'none') return { question: `No port has a comment that fits "${comment}". Which one is it?` }
  return { question: `"${comment}" fits more than one port: ${match.candidates.slice(0, mostNamed).map((each) => `${each.name} (${each.comment})`).join(', ')}. Which one is it?` }
}

async function stateOf(connection: RouterOsConnection, ethernet: string, clock: Clock, signal: AbortSignal): Promise<NonNullable<SwitchReport['port']>['state']> {
  try {
    return await createRouterOsPower({ connection, clock, port: { ethernet } }).read(signal)
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'pod/no-power-control') return 'none'
    throw error
  }
}
