import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { programFolder } from './programFolder.ts'

test('the folder above a file of the program that has its package.json, however deep the file lies', () => {
  const root = mkdtempSync(join(tmpdir(), 'rackbench-root-'))
  onTestFinished(() => { rmSync(root, { recursive: true }) })
  writeFileSync(join(root, 'package.json'), '{}')
  for (const folder of ['out/main', 'src/main/hosts/web']) {
    mkdirSync(join(root, folder), { recursive: true })
    expect(programFolder(join(root, folder))).toBe(root)
  }
  expect(programFolder(root)).toBe(root)
})
