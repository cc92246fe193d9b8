//! One trace from the door to the registry: spans name each other across sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::SpanId;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tongguan::journey::Actors;
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;

use crate::apart::Apart;
use crate::dossiers::{Folder, samples};

/// Keeps finished spans.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for Kept {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().unwrap().push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Kept {
    /// Whether a span of `callee` has one of `caller` among its ancestors.
    fn edge(&self, caller: &str, callee: &str) -> bool {
        let spans = self.0.lock().unwrap();
        let parent = |id: SpanId| spans.iter().find(|span| span.span_context.span_id() == id);
        spans
            .iter()
            .filter(|span| span.name.contains(callee))
            .any(|span| {
                let mut current = Some(span);
                while let Some(found) = current {
                    if found.name.contains(caller) {
                        return true;
                    }
                    current = parent(found.parent_span_id);
                }
                false
            })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_the_gateway_through_clearance_to_the_registry() {
    let kept = Kept::default();
    let config = tongguan_telemetry::Config {
        sample: 1.0,
        log: "error".to_owned(),
        ..Default::default()
    };
    let telemetry = tongguan_telemetry::init_with(&config, "journey", kept.clone()).unwrap();
    let folder = Folder::fresh();
    let dossiers: Vec<_> = samples().into_iter().take(1).collect();
    let apart = Apart::start(&folder.0, &dossiers, async |role| folder.file(role)).await;
    let outcome = apart.run(&dossiers[0]).await;
    let actors = Actors::of(
        &apart.suite,
        &"demo".parse().unwrap(),
        &dossiers[0],
        &apart.clock,
    )
    .unwrap();
    let mut client = ExportClearanceClient::new(
        apart
            .suite
            .routes
            .get("tongguan.clearance.v1.ExportClearance")
            .unwrap()
            .clone(),
    );
    let request = clearance::ReconcileDocumentsRequest {
        case_id: outcome.case.unwrap().case_id,
    };
    client
        .reconcile_documents(actors.as_exporter(request))
        .await
        .unwrap();
    apart.stop().await;
    telemetry.shutdown().unwrap();
    assert!(kept.edge("gateway", "ExportClearance/ReconcileDocuments"));
    assert!(kept.edge(
        "ExportClearance/ReconcileDocuments",
        "VehicleRegistry/GetVehicle"
    ));
    assert!(kept.edge("gateway", "VehicleRegistry/GetVehicle"));
    folder.remove();
}
