import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { projectRules, readProject } from '../support/projectRules.ts'

const root = join(import.meta.dirname, '../..')
const files = readProject(root)

describe.each(projectRules)('$name', ({ breaches, planted }) => {
  test('holds', () => {
    expect(breaches(files)).toEqual([])
  })
  test('notices a breach', () => {
    // One planted file may be needed to make another one wrong, so at least one line is what can be asked for.
    expect(breaches(planted).length).toBeGreaterThan(0)
  })
})

test('scripts that people and machines start can be started', () => {
  for (const script of ['.ci/run', 'test/peers/uboot/build.sh']) {
    expect(statSync(join(root, script)).mode & 0o111, script).toBe(0o111)
  }
})
