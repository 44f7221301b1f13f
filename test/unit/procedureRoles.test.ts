import { expect, test } from 'vitest'
import { listedProcedures, neededRole } from '../../src/shared/contracts/procedureRoles.ts'
import { workbenchContract } from '../../src/shared/contracts/workbench.contract.ts'
import { mayAct } from '../../src/shared/doors/doors.schema.ts'

const pathsOf = (node: object, path: readonly string[] = []): string[] =>
  '~orpc' in node ? [path.join('.')] : Object.entries(node).flatMap(([name, child]: [string, object]) => pathsOf(child, [...path, name]))

test('somebody has decided for each procedure who may call it, and for none that is gone', () => {
  const all = pathsOf(workbenchContract)
  expect(all.length).toBeGreaterThan(80)
  expect(all.filter((path) => !listedProcedures().includes(path))).toEqual([])
  expect(listedProcedures().filter((path) => !all.includes(path))).toEqual([])
})

test('nothing that cuts power, writes flash or types is a viewer\'s', () => {
  const doing = pathsOf(workbenchContract).filter((path) => /start|power|type|change|set|remove|add|publish|withdraw|import|broadcast|resume|cancel|export|make|identify$|take|free|release/i.test(path.split('.').at(-1) ?? ''))
  expect(doing.length).toBeGreaterThan(30)
  expect(doing.filter((path) => neededRole(path.split('.')) === 'viewer')).toEqual([])
})

test('a yes to a plan of an assistant is given by an admin and nobody below', () => {
  expect(neededRole(['approvals', 'decide'])).toBe('admin')
})

test('what nobody has decided yet is an admin\'s, and each role may do what those below it may', () => {
  expect(neededRole(['rack', 'meltDown'])).toBe('admin')
  expect(neededRole(['constructor'])).toBe('admin')
  expect([mayAct('viewer', 'operator'), mayAct('operator', 'operator'), mayAct('operator', 'viewer'), mayAct('operator', 'admin'), mayAct('admin', 'viewer')]).toEqual([false, true, true, false, true])
})
