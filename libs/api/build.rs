//! Compiles `proto/` without protoc: messages, clients, servers, JSON, REST and the descriptor set.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use rest_over_grpc::build::{DescriptorOptions, Generator, OpenApiInfo, ServiceDefinition};

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    // tonic-prost-build emits no rerun-if-changed: without this line every check rebuilds the API.
    println!("cargo:rerun-if-changed={}", proto.display());
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells a build script its folder by the environment"
    )]
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut files = Vec::new();
    collect(&proto.join("tongguan"), &mut files)?;
    files.sort();
    let mut compiler = protox::Compiler::new([&proto])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?;
    let encoded = compiler.encode_file_descriptor_set();
    fs::write(out.join("descriptors.bin"), &encoded)?;

    tonic_prost_build::configure()
        .build_transport(false)
        .compile_well_known_types(true)
        .extern_path(".google.protobuf.FieldMask", "crate::FieldMask")
        .extern_path(".google.protobuf", "::pbjson_types")
        .bytes(".")
        .compile_fds(compiler.file_descriptor_set())?;
    pbjson_build::Builder::new()
        .register_descriptors(&encoded)?
        .build(&[".tongguan", ".google.type"])?;
    let services = ServiceDefinition::from_fds(&encoded, &DescriptorOptions::new())?;
    let info = OpenApiInfo::new("Tongguan", "v1");
    Generator::builder()
        .emit_openapi_spec(Some(info))
        .build()
        .add_all(services)
        .write(&out)?;

    let pool = DescriptorPool::decode(encoded.as_slice())?;
    policies_are_complete(&pool)?;
    fs::write(out.join("forward.rs"), forward(&pool))?;
    fs::write(out.join("openapi.rs"), openapi(&pool))?;
    Ok(())
}

/// Names the OpenAPI document of every package with services.
fn openapi(pool: &DescriptorPool) -> String {
    let mut packages: Vec<String> = main_services(pool)
        .map(|service| service.package_name().to_owned())
        .collect();
    packages.sort();
    packages.dedup();
    let documents = packages.iter().map(|package| {
        format!("include_str!(concat!(env!(\"OUT_DIR\"), \"/{package}.openapi.json\"))")
    });
    format!("&[{}]", documents.collect::<Vec<_>>().join(", "))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    Ok(())
}

fn main_services(pool: &DescriptorPool) -> impl Iterator<Item = ServiceDescriptor> {
    pool.services()
        .filter(|service| service.package_name().starts_with("tongguan."))
}

/// Deny by default: a method without a scope or a field without a privacy class fails the build.
fn policies_are_complete(pool: &DescriptorPool) -> Result<(), Box<dyn Error>> {
    let scope = pool
        .get_extension_by_name("tongguan.common.v1.scope")
        .ok_or("no scope option")?;
    let privacy = pool
        .get_extension_by_name("tongguan.common.v1.privacy")
        .ok_or("no privacy option")?;
    let mut missing = Vec::new();
    for method in main_services(pool).flat_map(|service| service.methods().collect::<Vec<_>>()) {
        if !method.options().has_extension(&scope) {
            missing.push(format!("rpc {} has no scope", method.full_name()));
        }
    }
    for message in pool.all_messages().filter(|message| {
        message.package_name().starts_with("tongguan.") && !message.is_map_entry()
    }) {
        for field in message
            .fields()
            .filter(|field| !field.options().has_extension(&privacy))
        {
            missing.push(format!("field {} has no privacy class", field.full_name()));
        }
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing.join("\n").into())
    }
}

/// `Forward<Channel>` implements every server trait by calling the client: the REST bridge speaks to local and remote alike.
fn forward(pool: &DescriptorPool) -> String {
    let mut code = String::new();
    for service in main_services(pool) {
        let module = service.package_name().replace('.', "::");
        let package = format!("crate::{}", module.trim_start_matches("tongguan::"));
        let snake = snake(service.name());
        let _ = write!(
            code,
            "#[tonic::async_trait]\nimpl<T> {package}::{snake}_server::{name} for Forward<T> where {bounds} {{\n",
            name = service.name(),
            bounds = "T: tonic::client::GrpcService<tonic::body::Body> + Clone + Send + Sync + 'static, T::Future: Send, \
                      T::Error: Into<Box<dyn std::error::Error + Send + Sync>>, \
                      T::ResponseBody: tonic::transport_body::Body<Data = bytes::Bytes> + Send + 'static, \
                      <T::ResponseBody as tonic::transport_body::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send"
                .replace("tonic::transport_body::Body", "http_body::Body"),
        );
        for method in service.methods() {
            code.push_str(&forward_method(&package, &snake, service.name(), &method));
        }
        code.push_str("}\n");
    }
    code
}

fn forward_method(
    package: &str,
    snake_service: &str,
    service: &str,
    method: &MethodDescriptor,
) -> String {
    let name = snake(method.name());
    let input = rust_type(method.input().full_name());
    let output = rust_type(method.output().full_name());
    let client = format!("{package}::{snake_service}_client::{service}Client::new(self.0.clone())");
    let stream = format!("{}Stream", method.name());
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => format!(
            "async fn {name}(&self, request: tonic::Request<{input}>) -> Result<tonic::Response<{output}>, tonic::Status> {{ {client}.{name}(request).await }}\n"
        ),
        (false, true) => format!(
            "type {stream} = tonic::Streaming<{output}>;\nasync fn {name}(&self, request: tonic::Request<{input}>) -> Result<tonic::Response<Self::{stream}>, tonic::Status> {{ {client}.{name}(request).await }}\n"
        ),
        (true, server) => {
            let (declared, answer) = if server {
                (
                    format!("type {stream} = tonic::Streaming<{output}>;\n"),
                    format!("Self::{stream}"),
                )
            } else {
                (String::new(), output)
            };
            format!(
                "{declared}async fn {name}(&self, _: tonic::Request<tonic::Streaming<{input}>>) -> Result<tonic::Response<{answer}>, tonic::Status> {{ Err(tonic::Status::unimplemented(\"a stream from the client has no REST form\")) }}\n"
            )
        }
    }
}

fn rust_type(full_name: &str) -> String {
    match full_name.strip_prefix("tongguan.") {
        Some(ours) => format!("crate::{}", ours.replace('.', "::")),
        None => format!(
            "::pbjson_types::{}",
            full_name.rsplit('.').next().unwrap_or_default()
        ),
    }
}

fn snake(name: &str) -> String {
    let mut text = String::new();
    for (index, character) in name.chars().enumerate() {
        if character.is_ascii_uppercase() && index > 0 {
            text.push('_');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}
