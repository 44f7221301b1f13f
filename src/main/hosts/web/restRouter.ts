import { type AnyProcedure, isProcedure, Procedure } from '@orpc/server'
import { neededRole } from '../../../shared/contracts/procedureRoles.ts'
import { successStatusOf } from './commandDoor.ts'
import type { WorkbenchRouter } from '../../composition/workbench.ts'

export interface RestTree { readonly [name: string]: AnyProcedure | RestTree }

/** `watchList` becomes `watch-list`, as addresses are written. */
const wordOf = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The router as REST: what only reads is a GET, all else a POST, each at the path of its name in the contract. */
export function restTreeOf(router: WorkbenchRouter): RestTree {
  const walk = (node: object, path: readonly string[]): RestTree => Object.fromEntries(Object.entries(node).map(([name, child]: [string, object]) => {
    const here = [...path, name]
    if (!isProcedure(child)) return [name, walk(child, here)]
    const definition = child['~orpc']
    const role = neededRole(here)
    return [name, new Procedure({
      ...definition,
      route: { ...definition.route, method: role === 'viewer' ? 'GET' : 'POST', path: `/${here.map(wordOf).join('/')}`, tags: [here[0] ?? ''], ...successStatusOf(here), description: `Role: ${role}` },
    })]
  }))
  return walk(router, [])
}
