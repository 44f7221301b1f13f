import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { appliancePackage, openUpdaterBench } from '../../support/updaterBench.ts'

describe('an updater that is told to go back', () => {
  test('to the version before, with its services; what it left is gone and can come again', async () => {
    const bench = await openUpdaterBench()
    expect(await bench.ask('/')).toMatchObject({ service: 'tope-updater', versions: { current: '1.1.0', previous: '1.0.0', factory: '1.0.0' } })
    expect(await bench.ask('/api/v1.0/rollback', { version: '1.0.0' })).toMatchObject({ code: 200 })
    expect(await bench.until('success', 'failed')).toMatchObject({ data: { stage: 'success', message: 'Version 1.0.0 is installed' } })
    expect(await bench.ask('/')).toMatchObject({ versions: { current: '1.0.0', previous: null, factory: '1.0.0' } })
    expect(await bench.names('opt/tope/versions')).toEqual(['current', 'factory', 'v1.0.0'])
    const bytes = appliancePackage('1.1.0')
    bench.files.on('/p.zip', bytes)
    expect(await bench.ask('/api/v1.0/download', bench.request(bytes, { version: '1.1.0' }))).toMatchObject({ code: 200 })
    await bench.until('toInstall')
    await bench.ask('/api/v1.0/update', { version: '1.1.0' })
    expect(await bench.until('success', 'failed')).toMatchObject({ data: { stage: 'success' } })
    expect(await bench.link('current')).toBe('v1.1.0')
  })
  test('a version that is not the one before, or none, changes nothing; a package that waits is not passed over', async () => {
    const bench = await openUpdaterBench()
    for (const [body, code] of [[{ version: '0.9.0' }, 404], [{ version: '../1.0.0' }, 400], [{}, 400], ['nonsense', 400]] as const) expect(await bench.ask('/api/v1.0/rollback', body)).toMatchObject({ code })
    const bytes = appliancePackage('1.2.0')
    bench.files.on('/p.zip', bytes)
    await bench.ask('/api/v1.0/download', bench.request(bytes))
    await bench.until('toInstall')
    expect(await bench.ask('/api/v1.0/rollback', { version: '1.0.0' })).toMatchObject({ code: 409 })
    expect([await bench.link('current'), await bench.link('previous')]).toEqual(['v1.1.0', 'v1.0.0'])
  })
  test('where nobody knows services any more, nothing is touched', async () => {
    const bench = await openUpdaterBench()
    await writeFile(join(bench.root, 'usr/bin/systemctl'), '#!/bin/sh\necho "Failed to connect to bus" >&2\nexit 1\n')
    expect(await bench.ask('/api/v1.0/rollback', { version: '1.0.0' })).toMatchObject({ msg: expect.stringContaining('does not know services') as string })
    expect([await bench.link('current'), await bench.link('previous')]).toEqual(['v1.1.0', 'v1.0.0'])
  })
})
