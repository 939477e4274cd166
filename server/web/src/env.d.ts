/// <reference types="svelte" />
/// <reference types="vite/client" />

/** Of the build: the version, and what tells two builds of it apart. */
declare const __APP_VERSION__: string
