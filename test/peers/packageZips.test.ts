import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planDeployment } from '../../src/main/core/ota/updater/deploy.ts'
import { openPackageZip } from '../../src/main/drivers/updater/packageZip.ts'
import { updaterCodeOf } from '../../src/shared/ota/updaterFault.ts'
import { findProgram } from '../support/tftpPeerServers.ts'
import { describeWithPeer } from './peerGate.ts'

const missing = ['zip', 'unzip', 'python3'].filter((name) => !findProgram(name))

describeWithPeer('packages made by zip and by Python', missing, () => {
  const { signal } = new AbortController()
  let folder = ''
  const modules = [{ name: 'app', src: 'modules/app', dst: '/opt/tope/bin/app', process_name: 'app.service' }, { name: 'größe', src: 'modules/größe.txt', dst: '/opt/tope/data/größe.txt' }]
  const run = (name: string, ...given: string[]): void => { execFileSync(name, given, { cwd: join(folder, 'in'), stdio: 'pipe' }) }
  const python = (script: string, ...given: string[]): void => { run('python3', '-c', script, ...given) }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rackbench-zips-'))
    await mkdir(join(folder, 'in/modules'), { recursive: true })
    await writeFile(join(folder, 'in/manifest.json'), JSON.stringify({ version: '1.2.3', modules }))
    await writeFile(join(folder, 'in/modules/app'), '#!/bin/sh\necho app\n')
    await chmod(join(folder, 'in/modules/app'), 0o4755)
    await writeFile(join(folder, 'in/modules/größe.txt'), 'x'.repeat(100_000))
  })
  afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

  const check = async (path: string): Promise<void> => {
    const contents = await openPackageZip(path, signal)
    try {
      expect(planDeployment(contents, '1.2.3').units).toEqual(['app.service'])
      expect(contents.entry('modules/app')?.mode).toBe(0o755)
      let bytes = 0
      for await (const piece of contents.read('modules/größe.txt', signal)) bytes += piece.length
      expect(bytes).toBe(100_000)
      // The other program agrees that it is whole.
      execFileSync('unzip', ['-t', path], { stdio: 'pipe' })
    } finally { await contents.close() }
  }
  const refusal = async (path: string): Promise<string> => openPackageZip(path, signal).then(async (contents) => { await contents.close(); return 'taken' }, (error: unknown) => `${updaterCodeOf(error) ?? ''} ${(error as Error).message}`)

  test('zip, packed and as it is', async () => {
    for (const level of ['-0', '-9']) {
      const path = join(folder, `zip${level}.zip`)
      run('zip', '-q', '-r', level, path, '.')
      await check(path)
    }
  })
  test('zip from a pipe, whose lengths stand behind the content', async () => {
    const path = join(folder, 'piped.zip')
    run('sh', '-c', `zip -q -r - . > ${path}`)
    await check(path)
  })
  test('Python', async () => {
    const path = join(folder, 'python.zip')
    python('import sys,zipfile,os\nz=zipfile.ZipFile(sys.argv[1],"w",zipfile.ZIP_DEFLATED)\nfor d,_,fs in os.walk("."):\n  for f in fs: z.write(os.path.join(d,f), os.path.relpath(os.path.join(d,f),"."))\nz.close()', path)
    await check(path)
  })
  test('2.17 what zip and Python put into bad ones is refused', async () => {
    await symlink('/etc/passwd', join(folder, 'in/modules/link'))
    run('zip', '-q', '-r', '-y', join(folder, 'link.zip'), '.')
    await rm(join(folder, 'in/modules/link'))
    expect(await refusal(join(folder, 'link.zip'))).toContain('symbolic link')
    run('zip', '-q', '-r', '-P', 'secret', join(folder, 'encrypted.zip'), '.')
    expect(await refusal(join(folder, 'encrypted.zip'))).toContain('encrypted')
    const bad = (name: string, body: string): string => { const path = join(folder, name); python(`import sys,zipfile,warnings\nwarnings.simplefilter("ignore")\nz=zipfile.ZipFile(sys.argv[1],"w",zipfile.ZIP_DEFLATED)\n${body}\nz.close()`, path); return path }
    expect(await refusal(bad('slip.zip', 'z.writestr("../x","x")'))).toContain('points outside')
    expect(await refusal(bad('absolute.zip', 'i=zipfile.ZipInfo("x"); i.filename="/etc/x"; z.writestr(i,"x")'))).toContain('points outside')
    expect(await refusal(bad('double.zip', 'z.writestr("x","1"); z.writestr("x","2")'))).toContain('twice')
    expect(await refusal(bad('bomb.zip', 'z.writestr("x", b"0"*(80*1024*1024))'))).toContain('would unpack')
    expect(await refusal(bad('many.zip', 'for i in range(10001): z.writestr(str(i),"")'))).toContain('10000 entries')
    expect(await refusal(bad('bzip.zip', 'z.writestr("x","x"*100, zipfile.ZIP_BZIP2)'))).toContain('not known')
  })
})
