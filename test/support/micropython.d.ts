declare module '@micropython/micropython-webassembly-pyscript/micropython.mjs' {
  interface MicroPython {
    replInit(): void
    replProcessChar(byte: number): number
    readonly FS: { readdir(path: string): string[] }
  }
  export function loadMicroPython(options: { heapsize?: number; linebuffer?: boolean; stdout?: (bytes: Uint8Array) => void }): Promise<MicroPython>
}
